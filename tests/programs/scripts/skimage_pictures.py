# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Pictures with scikit-image: noise removal, segments, contours, snakes."""
import numpy as np
from skimage import draw, feature, filters, measure, morphology, restoration, segmentation

rng = np.random.default_rng(6)
for number in range(4):
    picture = np.zeros((90, 90))
    for _ in range(6):
        row, column = rng.integers(10, 80, 2)
        rows, columns = draw.disk((row, column), rng.integers(4, 9), shape=picture.shape)
        picture[rows, columns] = 0.5 + 0.5 * rng.random()
    noisy = picture + 0.1 * rng.standard_normal(picture.shape)
    smooth = restoration.denoise_tv_chambolle(noisy, weight=0.1)
    threshold = filters.threshold_otsu(smooth)
    mask = morphology.remove_small_objects(smooth > threshold, 20)
    labels = measure.label(mask)
    print(number, repr(float(threshold)), labels.max())
    for region in measure.regionprops(labels, intensity_image=smooth):
        print("  ", region.area, repr(float(region.eccentricity)), repr(float(region.mean_intensity)))
    seeds = feature.peak_local_max(filters.gaussian(smooth, 2), min_distance=5, labels=labels)
    basins = np.zeros(picture.shape, dtype=int)
    basins[tuple(seeds.T)] = 1 + np.arange(len(seeds))
    print("  ", np.bincount(segmentation.watershed(-smooth, basins, mask=mask).ravel()).tolist())
    print("  ", [len(contour) for contour in measure.find_contours(smooth, threshold)])
    chan = segmentation.chan_vese(smooth, mu=0.2, max_num_iter=20)
    print("  ", int(chan.sum()), repr(float(restoration.estimate_sigma(noisy))) if number < 0 else "")

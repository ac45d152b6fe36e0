# SPDX-License-Identifier: BSD-3-Clause
"""h5py, netCDF4, scipy, pandas, scikit-learn, matplotlib, Pillow, gmpy2, pyfftw, rich"""
import io
import warnings

import numpy as np

warnings.simplefilter("ignore")


def hdf5_files():
    """h5py: files, groups, datasets, attributes, types, references | exact"""
    import h5py
    file = h5py.File("data.h5", "w")
    group = file.create_group("g")
    data = group.create_dataset("d", data=np.arange(6.0), maxshape=(None,), chunks=True)
    data.attrs["unit"] = "m"
    attributes, reference, rows = data.attrs, data.ref, iter(data)
    next(rows)
    yield
    data.resize((8,))
    data[6:] = 7
    attributes["n"] = 3
    return list(rows)[:3], data[:], dict(attributes), file[reference].name, [*file["g"]], group.file == file


def hdf5_closed():
    """h5py: files and objects that have been closed | exact"""
    import h5py
    with h5py.File("closed.h5", "w") as file:
        data = file.create_dataset("d", data=[1, 2])
    yield
    return bool(file), bool(data), repr(file)


def netcdf_files():
    """netCDF4: datasets, also classic ones, groups, variables, dimensions | noted | `set_fill_off()` is forgotten"""
    import netCDF4
    data = netCDF4.Dataset("data.nc", "w")
    time = data.createDimension("time", None)
    group = data.createGroup("outer/inner")
    steps, flags = data.createVariable("steps", "f8", ("time",)), group.createVariable("flags", "i2", ("time",))
    flags.set_auto_mask(False)
    with netCDF4.Dataset("classic.nc", "w", format="NETCDF3_CLASSIC") as classic:
        classic.createDimension("x", 3)
        classic.createVariable("x", "f4", ("x",))[:] = [1, 2, 3]
        classic.title = "old"
    reader = netCDF4.Dataset("classic.nc")
    steps[:2] = [4, 5]
    yield
    steps[2], flags[0] = 6, 7
    data.note = "later"
    return (steps[:].tolist(), flags[:].tolist(), time.size, data.note, group.parent.name, flags.group() is group,
            reader["x"][:].tolist(), reader.title, reader.filepath(), classic.isopen())


def scipy_sparse():
    """scipy: sparse matrices and arrays of every format, with the memory that they share | exact"""
    import scipy.sparse as sp
    base = sp.random(6, 6, 0.4, "csr", random_state=1)
    kinds = [getattr(base, "to" + name)() for name in ("csr", "csc", "coo", "lil", "dok", "bsr", "dia")]
    shared = sp.csr_matrix((base.data, base.indices, base.indptr), copy=False)
    yield
    base.data[0] = 9
    return [float(kind.sum()) for kind in kinds], shared.data[0], (kinds[0] @ kinds[1]).trace()


def scipy_factors():
    """scipy: factors of sparse matrices (`splu`, `spilu`, `factorized`) | noted | factorised again, from a copy of the matrix that chkpt keeps from the start"""
    import scipy.sparse as sp
    import scipy.sparse.linalg as linalg
    matrix = sp.diags([-1.0, 2.5, -1.0], [-1, 0, 1], shape=(30, 30)).tocsc()
    whole, incomplete = linalg.splu(matrix), linalg.spilu(matrix.astype(complex), drop_tol=0.01)
    solve = linalg.factorized(matrix)
    matrix.data[:] = 0
    right = np.arange(30.0)
    yield
    return [float(abs(f(r)).sum()) for f, r in ((whole.solve, right), (incomplete.solve, right + 1j), (solve, right))], (
        whole.L.nnz, whole.perm_c.tolist(), type(whole) is linalg.SuperLU)


def scipy_objects():
    """scipy: interpolators, splines, distributions, k-d trees, ODE solvers half-way | exact"""
    import scipy.integrate
    import scipy.interpolate
    import scipy.spatial
    import scipy.stats
    x = np.linspace(0, 1, 9)
    linear, spline = scipy.interpolate.interp1d(x, x**2), scipy.interpolate.CubicSpline(x, np.sin(x))
    normal, tree = scipy.stats.norm(1, 2), scipy.spatial.cKDTree(np.stack([x, x * x], 1))
    solver = scipy.integrate.RK45(lambda t, y: -y, 0, [1.0], 1)
    solver.step()
    kernel = scipy.stats.gaussian_kde(x)
    points = np.arange(10.0).reshape(5, 2)
    over = scipy.spatial.KDTree(points)
    yield
    solver.step()
    points[0] = 100
    return (over.data is points, over.query([0, 1]), float(linear(0.3)), float(spline(0.3)), normal.rvs(2, random_state=3), tree.query([0.5, 0.5]), solver.t, solver.y,
        kernel(0.2))


def pandas_frames():
    """pandas: frames, series, indices, categories, groups, windows, with the memory that they share | exact"""
    import pandas as pd
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": list("xyxy"), "c": pd.Categorical(list("ppqq"))},
                         index=pd.date_range("2024-01-01", periods=4))
    column, groups, window = frame["a"], frame.groupby("b"), frame["a"].rolling(2)
    levels = frame.set_index(["b", "c"])
    rows = frame.itertuples()
    next(rows)
    values = frame["a"].to_numpy()
    yield
    values[0] = 10
    return (column.iloc[0], groups["a"].sum().to_dict(), window.mean().tolist(), levels.loc[("x", "p"), "a"].tolist(),
        [row.a for row in rows], frame.dtypes.tolist(), frame.to_csv())


def pandas_times():
    """pandas: times in named zones, those of pytz, dateutil and zoneinfo | exact"""
    import pandas as pd
    import pytz
    import zoneinfo
    zone = pytz.timezone("Europe/Berlin")
    stamps = [pd.Timestamp("2021-07-01", tz=each)
              for each in ("Europe/Berlin", zone, zoneinfo.ZoneInfo("Europe/Berlin"), "dateutil/Europe/Berlin", "UTC")]
    index = pd.date_range("2021-03-27", periods=4, freq="D", tz="Asia/Kolkata")
    days = {stamp: stamp.day for stamp in index}
    yield
    return ([(str(stamp), str(stamp.tz), str(stamp + pd.Timedelta("200D"))) for stamp in stamps],
        stamps[0].tz is zone, [*zip(index, days)], days[index[2]], str(index.tz_convert("UTC")))


def pandas_readers():
    """pandas: read_csv() in chunks, half-way, from memory | exact"""
    import pandas as pd
    chunks = pd.read_csv(io.StringIO("a,b\n" + "".join(f"{n},{n * n}\n" for n in range(9))), chunksize=2, engine="python")
    first = next(chunks)
    yield
    return first.b.sum(), [chunk.b.sum() for chunk in chunks]


def learners():
    """scikit-learn: fitted models, pipelines, searches, splitters half-way | exact"""
    from sklearn import ensemble, model_selection, pipeline, preprocessing
    from sklearn import linear_model as linear
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3))
    y = (x @ [1, 2, -1] > 0).astype(int)
    chain = pipeline.make_pipeline(preprocessing.StandardScaler(), linear.LogisticRegression()).fit(x, y)
    forest = ensemble.RandomForestClassifier(5, random_state=1).fit(x, y)
    partly = linear.SGDClassifier(random_state=2).partial_fit(x[:20], y[:20], [0, 1])
    splits = model_selection.KFold(4, shuffle=True, random_state=3).split(x)
    next(splits)
    yield
    partly.partial_fit(x[20:], y[20:])
    return chain.predict_proba(x[:2]), forest.predict(x).sum(), partly.coef_, [test[:3].tolist() for _, test in splits]


def figures():
    """matplotlib: figures with axes, lines, images, texts, the state of pyplot (Agg) | exact"""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, (left, right) = plt.subplots(1, 2, figsize=(3, 2), dpi=50)
    line, = left.plot([1, 2, 3], label="line")
    image = right.imshow(np.eye(3))
    left.set_title("title")
    yield
    line.set_ydata([3, 1, 2])
    left.plot([2, 2, 2])
    plt.sca(left)
    plt.legend()
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())
    return int(pixels.sum(dtype=np.int64)), plt.gcf() is figure, left.lines[1].get_color(), image.axes is right, plt.get_fignums()


def pictures():
    """Pillow: images of every mode, ImageDraw, pixel access | exact"""
    from PIL import Image, ImageDraw
    modes = [Image.new(mode, (3, 2), 1) for mode in ("1", "L", "P", "I", "F", "LA", "I;16", "RGBA", "CMYK", "HSV")]
    modes[2].putpalette(range(48))
    picture = Image.new("RGB", (6, 6))
    pixels, pen = picture.load(), ImageDraw.Draw(picture, "RGBA")
    pen.line((0, 0, 5, 5), fill=(1, 2, 3, 200))
    yield
    pixels[3, 4] = 7, 8, 9
    pen.point((1, 2), fill=(90, 90, 90, 99))
    return [hash(mode.tobytes()) == hash(mode.copy().tobytes()) and mode.getpixel((1, 1)) for mode in modes], (
        picture.tobytes(), modes[2].getpalette()[:6], pen.im is picture.im)


def plans():
    """plans of FFTW (pyfftw, mpi4py-fft), with the library's wisdom | exact"""
    import pyfftw
    time, waves = pyfftw.zeros_aligned(48, "float64"), pyfftw.zeros_aligned(25, "complex128")
    forward = pyfftw.FFTW(time, waves, flags=("FFTW_MEASURE",))
    time[:] = np.arange(48.0)
    other = pyfftw.empty_aligned(48, "float64")
    forward.update_arrays(other, waves)
    other[:] = 1
    yield
    forward()
    return waves[:2].tolist(), forward.input_array is other, time[3], forward.flags


def digits():
    """gmpy2: numbers and contexts | exact"""
    import gmpy2
    context, other = gmpy2.get_context(), gmpy2.context(precision=30, round=gmpy2.RoundUp)
    context.precision = 90
    values = gmpy2.mpz(3) ** 99, gmpy2.mpq(2, 6), gmpy2.mpfr(2), gmpy2.mpc(1, 2)
    yield
    third = 1 / gmpy2.mpfr(3)
    current = gmpy2.get_context() is context
    gmpy2.set_context(other)
    results = values, third, current, 1 / gmpy2.mpfr(3), type(values[0]) is gmpy2.mpz
    gmpy2.set_context(gmpy2.context())
    return results


def hdf5_without_a_name():
    """h5py: objects without a name in the file | refused | without a name"""
    import h5py
    file = h5py.File("anonymous.h5", "w")
    data = file.create_dataset(None, data=[1, 2, 3])
    yield
    total = int(data[:].sum())
    file.close()
    return total


def state_space():
    """statsmodels: state space models (ARIMA, UnobservedComponents) | exact"""
    import statsmodels.api
    model = statsmodels.api.tsa.UnobservedComponents(np.arange(40.0) % 7, "local level")
    before = model.loglike([1.0, 2.0])
    yield
    after = model.loglike([3.0, 1.0])
    return float(before), float(after), model.ssm.smooth().smoothed_state.tolist()


def rich_progress():
    """rich: progress bars and live displays, with their threads | exact"""
    from rich.console import Console
    from rich.progress import Progress
    bars = Progress(console=Console(file=io.StringIO(), width=80))
    bars.start()
    counted, steps = bars.add_task("counted", total=20), bars.track(range(10), update_period=0.05)
    bars.advance(counted, 7)
    taken = [next(steps) for _ in range(4)]
    yield
    bars.advance(counted)
    taken += steps
    bars.stop()
    return taken, [(task.completed, task.total) for task in bars.tasks], bars.finished

# SPDX-License-Identifier: BSD-3-Clause
# ranks: 1
"""Estimators of scikit-learn: clusters, trees, boosting, a small network, steps by hand, a grid search."""
import warnings

import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.datasets import make_blobs, make_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.simplefilter("ignore")
X, y = make_classification(400, 10, n_informative=6, random_state=2)
points, _ = make_blobs(300, centers=5, random_state=3)

print(KMeans(5, n_init=4, random_state=1).fit(points).inertia_)
batches = MiniBatchKMeans(5, n_init=1, random_state=1)
model = SGDClassifier(loss="log_loss", random_state=7)
for epoch in range(60):
    for first in range(0, 400, 80):
        model.partial_fit(X[first:first + 80], y[first:first + 80], classes=[0, 1])
    batches.partial_fit(points[epoch % 4::4])
    if epoch % 20 == 0:
        print(epoch, model.score(X, y), model.coef_.sum(), batches.cluster_centers_.sum())

forest = RandomForestClassifier(25, random_state=5, warm_start=True)
for trees in (25, 40, 55):
    forest.n_estimators = trees
    forest.fit(X, y)
    print(trees, forest.predict_proba(X)[:, 0].sum(), forest.feature_importances_.tolist())
boosted = GradientBoostingClassifier(n_estimators=40, random_state=6).fit(X, y)
print([repr(value) for value in boosted.train_score_[::10]], boosted.score(X, y))
network = MLPClassifier((12,), max_iter=40, random_state=8).fit(X, y)
print(network.loss_curve_[::8], network.score(X, y))
search = GridSearchCV(make_pipeline(StandardScaler(), PCA(), LogisticRegression()),
                      {"pca__n_components": [3, 6], "logisticregression__C": [0.1, 1, 10]},
                      cv=KFold(4, shuffle=True, random_state=9))
search.fit(X, y)
print(search.best_params_, search.best_score_, search.cv_results_["mean_test_score"].tolist())

#!/usr/bin/env python3
"""Makes the test models of scikit-learn, LightGBM and XGBoost.

Small models fitted to random data with a fixed seed, converted with skl2onnx
and onnxmltools. Their multiply-accumulates are a closed form over the fitted
estimator: rows x features x models of a linear model, rows x features x support
vectors of a kernel machine, none for trees, which compare.

  pip install -r scripts/export_requirements_sklearn.txt
  scripts/export_sklearn.py [--only NAME] [--out DIR]
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import skl2onnx
from skl2onnx.common import data_types
from sklearn import (cluster, compose, ensemble, linear_model, neighbors,
                     neural_network, pipeline, preprocessing, svm)

import export_common as common

ROWS, FEATURES, CLASSES = 16, 10, 3
OPSETS = {"": 17, "ai.onnx.ml": 3}
SKLEARN = ("scikit-learn", "skl2onnx", "onnx")
TREES = "closed form: trees compare, they do not multiply"


def data(samples: int = 300) -> tuple[np.ndarray, np.ndarray]:
  """Random points in three classes that overlap."""
  generator = np.random.default_rng(0)
  classes = generator.integers(0, CLASSES, samples)
  points = generator.normal(size=(samples, FEATURES)) + classes[:, None]
  return points.astype(np.float32), classes


def targets() -> np.ndarray:
  points, _ = data()
  return np.sin(points).sum(axis=1)


def convert(model, origin: str, macs: int, macs_by: str, zipmap: bool = False,
            notes: str = "") -> common.Exported:
  """A fitted estimator of numeric features."""
  points = data()[0][:ROWS]
  is_classifier = hasattr(model, "predict_proba") or hasattr(
      model, "decision_function")
  proto = skl2onnx.to_onnx(
      model, initial_types=[
          ("input", data_types.FloatTensorType([None, FEATURES]))],
      target_opset=OPSETS,
      options={id(model): {"zipmap": zipmap}} if is_classifier else None)
  common.name_batch(proto)
  expected = [model.predict(points)]
  if hasattr(model, "predict_proba"):
    expected.append(model.predict_proba(points))
  elif is_classifier:
    expected.append(model.decision_function(points))
  elif hasattr(model, "transform"):
    expected.append(model.transform(points))
  else:
    expected = [expected[0].reshape(ROWS, -1)]
  return common.Exported(
      model=proto, feeds={"input": points}, expected=expected,
      origin=f"sklearn.{origin}", exporter="skl2onnx", packages=SKLEARN,
      licence=common.BSD3, macs=macs, macs_by=macs_by, dims={"batch": ROWS},
      notes=notes)


def pipeline_of_columns() -> common.Exported:
  """Scaled numbers and one-hot strings into a logistic regression."""
  points, classes = data()
  generator = np.random.default_rng(1)
  cities = np.array(["north", "east", "south", "west"])
  colours = np.array(["red", "green", "blue"])
  words = np.stack([generator.choice(cities, len(points)),
                    generator.choice(colours, len(points))], axis=1)
  table = np.concatenate([points.astype(object), words], axis=1)
  numeric = list(range(FEATURES))
  model = pipeline.Pipeline([
      ("columns", compose.ColumnTransformer([
          ("numbers", preprocessing.StandardScaler(), numeric),
          ("words", preprocessing.OneHotEncoder(handle_unknown="ignore"),
           [FEATURES, FEATURES + 1])])),
      ("classifier", linear_model.LogisticRegression(max_iter=1000))])
  model.fit(table, classes)
  proto = skl2onnx.to_onnx(
      model, initial_types=[
          ("numbers", data_types.FloatTensorType([None, FEATURES])),
          ("words", data_types.StringTensorType([None, 2]))],
      target_opset=OPSETS)
  common.name_batch(proto)
  some = table[:ROWS]
  width = FEATURES + len(cities) + len(colours)
  return common.Exported(
      model=proto, feeds={"numbers": points[:ROWS], "words": words[:ROWS]},
      expected=[model.predict(some), model.predict_proba(some)],
      origin="sklearn Pipeline(ColumnTransformer(StandardScaler of 10 numbers, "
      "OneHotEncoder of 2 strings), LogisticRegression) of 3 classes",
      exporter="skl2onnx", packages=SKLEARN, licence=common.BSD3,
      macs=ROWS * width * CLASSES,
      macs_by="closed form: rows x encoded features x classes",
      dims={"batch": ROWS}, notes="a sequence of maps as output (ZipMap)")


def random_forest() -> common.Exported:
  points, classes = data()
  model = ensemble.RandomForestClassifier(
      n_estimators=20, max_depth=6, random_state=0).fit(points, classes)
  return convert(
      model, "ensemble.RandomForestClassifier(n_estimators=20, max_depth=6)",
      0, TREES)


def gradient_boosting() -> common.Exported:
  model = ensemble.GradientBoostingRegressor(
      n_estimators=40, max_depth=3, random_state=0).fit(data()[0], targets())
  return convert(
      model, "ensemble.GradientBoostingRegressor(n_estimators=40, "
      "max_depth=3)", 0, TREES)


def svc() -> common.Exported:
  model = svm.SVC(decision_function_shape="ovo").fit(*data())
  vectors = len(model.support_vectors_)
  return convert(
      model, "svm.SVC(kernel='rbf', decision_function_shape='ovo') of 3 "
      "classes", ROWS * vectors * FEATURES,
      f"closed form: rows x {vectors} support vectors x features")


def svr() -> common.Exported:
  model = svm.SVR(kernel="poly", degree=2).fit(data()[0], targets())
  vectors = len(model.support_vectors_)
  return convert(
      model, "svm.SVR(kernel='poly', degree=2)", ROWS * vectors * FEATURES,
      f"closed form: rows x {vectors} support vectors x features")


def logistic() -> common.Exported:
  model = linear_model.LogisticRegression(max_iter=1000).fit(*data())
  return convert(
      model, "linear_model.LogisticRegression() of 3 classes",
      ROWS * FEATURES * CLASSES, "closed form: rows x features x classes")


def linear() -> common.Exported:
  model = linear_model.LinearRegression().fit(data()[0], targets())
  return convert(
      model, "linear_model.LinearRegression()", ROWS * FEATURES,
      "closed form: rows x features")


def kmeans() -> common.Exported:
  model = cluster.KMeans(8, n_init=1, random_state=0).fit(data()[0])
  return convert(
      model, "cluster.KMeans(8)", ROWS * FEATURES * 8,
      "closed form: rows x features x clusters")


def knn() -> common.Exported:
  model = neighbors.KNeighborsClassifier(5).fit(*data())
  return convert(
      model, "neighbors.KNeighborsClassifier(5) of 300 points", 0,
      "closed form: distances are sums of squared differences, no products of "
      "matrices", notes="a Scan over the rows")


def mlp() -> common.Exported:
  model = neural_network.MLPClassifier(
      (64, 32), max_iter=30, random_state=0).fit(*data())
  return convert(
      model, "neural_network.MLPClassifier((64, 32)) of 3 classes",
      ROWS * (FEATURES * 64 + 64 * 32 + 32 * CLASSES),
      "closed form: rows x (10 x 64 + 64 x 32 + 32 x 3)")


def boosted(library: str) -> common.Exported:
  """LightGBM's or XGBoost's classifier, through onnxmltools."""
  import onnxmltools
  from onnxmltools.convert.common import data_types as types
  points, classes = data()
  options = {"n_estimators": 20, "max_depth": 5, "random_state": 0}
  if library == "lightgbm":
    import lightgbm
    model = lightgbm.LGBMClassifier(**options, verbose=-1)
    licence, name = common.MIT, "LGBMClassifier"
    translate, more = onnxmltools.convert_lightgbm, {"zipmap": False}
  else:
    import xgboost
    model = xgboost.XGBClassifier(**options)
    licence, name = common.APACHE2, "XGBClassifier"
    translate, more = onnxmltools.convert_xgboost, {}
  model.fit(points, classes)
  proto = translate(
      model, initial_types=[("input", types.FloatTensorType([None, FEATURES]))],
      target_opset=15, **more)
  proto.graph.name = library  # onnxmltools makes a random one.
  common.name_batch(proto)
  some = points[:ROWS]
  return common.Exported(
      model=proto, feeds={"input": some},
      expected=[model.predict(some), model.predict_proba(some)],
      origin=f"{library}.{name}(n_estimators=20, max_depth=5) of 3 classes",
      exporter="onnxmltools", packages=(library, "onnxmltools", "onnx"),
      licence=licence, macs=0, macs_by=TREES, dims={"batch": ROWS})


MODELS = {
    "sklearn_pipeline": pipeline_of_columns,
    "sklearn_logistic": logistic,
    "sklearn_linear": linear,
    "sklearn_random_forest": random_forest,
    "sklearn_gradient_boosting": gradient_boosting,
    "sklearn_svc": svc,
    "sklearn_svr": svr,
    "sklearn_kmeans": kmeans,
    "sklearn_knn": knn,
    "sklearn_mlp": mlp,
    "lightgbm": lambda: boosted("lightgbm"),
    "xgboost": lambda: boosted("xgboost"),
}

if __name__ == "__main__":
  warnings.simplefilter("ignore")
  sys.exit(common.run_table(MODELS, __doc__.split("\n", maxsplit=1)[0]))

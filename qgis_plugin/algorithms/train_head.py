"""`smarties:trainhead`: from images and labelled places to a head that makes maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)

from ...engine.errors import JobError
from ...engine.jobs.train_head import TrainHeadJob
from ...engine.options import HEADS
from ..translation import tr
from .accuracy_table import write_accuracy
from .base import advanced, helped
from .feature_parameters import add_choice
from .image_parameters import ImageInputs, add_bands, add_layers, optional_int
from .labels import Copies, label_fields
from .maps import MapTask, classes_text, words_of
from .outputs import PAGE, SAFETENSORS, Written, wanted


class TrainHead(MapTask):
    """Images and labelled places in, a head and its accuracy out."""

    NAME = "trainhead"
    FILE = "train_head"
    METHOD = "train_head"
    JOB = TrainHeadJob
    FILES = (Written("OUTPUT", "output", SAFETENSORS), Written("REPORT", "report", PAGE))

    def __init__(self) -> None:
        super().__init__()
        self._copies = Copies()
        self._accuracy: Optional[Mapping[str, Any]] = None

    def title(self) -> str:
        """The name in the toolbox."""
        return tr("Train a head")

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return tr("Learns from labelled places to tell classes apart, and measures how well it does.")

    def tags(self) -> List[str]:
        """Words by which the toolbox finds it."""
        return tr("train,classification,labels,supervised,land cover,accuracy,machine learning").split(",")

    def initAlgorithm(self, configuration: Optional[Dict[str, Any]] = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        hint = tr("Rasters of one place, of any sensors, or embeddings of several places, each its own scene.")
        add_layers(self, "INPUT", tr("Images or embeddings"), hint)
        self._add_labels()
        self._add_training()
        self.add_feature_parameters()
        add_bands(self)
        self.add_seed()
        self._add_outputs()

    def settings(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> Dict[str, Any]:
        """The fields of the job beside those of its images and outputs."""
        return {
            **super().settings(parameters, context),
            **self._labels(parameters, context, write=False),
            "ignore": tuple(words_of(self.parameterAsString(parameters, "IGNORE", context))),
            "kind": str(self.parameterAsEnumString(parameters, "KIND", context)),
            "balance": self.parameterAsBool(parameters, "BALANCE", context),
            "folds": self.parameterAsInt(parameters, "FOLDS", context),
            "block_px": optional_int(self, parameters, "BLOCK_PX", context),
            "epochs": optional_int(self, parameters, "EPOCHS", context),
            "learn_bands": self.parameterAsBool(parameters, "LEARN_BANDS", context),
            "seed": self.parameterAsInt(parameters, "SEED", context),
        }

    def prepare_job(self, parameters: Dict[str, Any], context: QgsProcessingContext) -> None:
        """Read layers and settings; copy labels that have no file of their own, such as those drawn just now."""
        super().prepare_job(parameters, context)
        self._fields.update(self._labels(parameters, context, write=True))

    def run_job(
        self, parameters: Dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Dict[str, Any]:
        """As every task; then the warnings and the table."""
        try:
            outputs = super().run_job(parameters, context, feedback)
        finally:
            self._copies.clear()
        for warning in outputs["WARNINGS"].splitlines():
            feedback.pushWarning(warning)
        if wanted(parameters, "TABLE"):
            outputs["TABLE"] = write_accuracy(self, "TABLE", self._accuracy or {}, parameters, context)
        return outputs

    def show(self, answer: Mapping[str, Any], names: Sequence[str], context: QgsProcessingContext) -> None:
        """A head is no layer."""

    def warnings(self, answer: Mapping[str, Any]) -> int:
        """Whether the first note is that of random weights; an answer has a list of warnings beside its notes."""
        return int(_is_random(Path(str(answer["output"]))))

    def outputs(self, answer: Mapping[str, Any]) -> Dict[str, Any]:
        """The accuracy and what to mind, and the classes."""
        accuracy = answer.get("accuracy")
        warnings = [str(warning) for warning in answer.get("warnings") or ()]
        found: Dict[str, Any] = {"WARNINGS": "\n".join(warnings), "CLASSES": classes_text(answer["classes"])}
        self._accuracy = accuracy
        if accuracy:
            measured = {"OVERALL": "overall", "MEAN_F1": "mean_f1", "MEAN_IOU": "mean_iou"}
            found.update({name: accuracy[key] for name, key in measured.items() if accuracy.get(key) is not None})
        return found

    def summary(self, answer: Mapping[str, Any]) -> str:
        """How well it does, and how long it took."""
        line, accuracy = super().summary(answer), answer.get("accuracy")
        if not accuracy or accuracy.get("overall") is None:
            return line
        return tr("{percent} % of the held-out labels are right; mean F1 {f1}. {time}").format(
            percent=round(100 * float(accuracy["overall"]), 1), f1=_rounded(accuracy.get("mean_f1")), time=line
        )

    def read_files(self, fields: Mapping[str, Any], inputs: ImageInputs) -> List[str]:
        """The images, and the labels."""
        return [*super().read_files(fields, inputs), *(each.split("|")[0] for each in fields["labels"])]

    def _labels(self, parameters: Dict[str, Any], context: QgsProcessingContext, write: bool) -> Dict[str, Any]:
        layer = self.parameterAsLayer(parameters, "LABELS", context)
        if layer is None:
            raise JobError(
                tr("No labels were given."), tr("Choose a layer with a class field, or a raster of classes.")
            )
        class_field = self.parameterAsString(parameters, "CLASS_FIELD", context).strip()
        return label_fields(layer, class_field, self._copies, write)

    def _add_labels(self) -> None:
        labels = QgsProcessingParameterMapLayer("LABELS", tr("Labels"))
        labels.setDataTypes([QgsProcessing.SourceType.TypeVectorAnyGeometry, QgsProcessing.SourceType.TypeRaster])
        hint = tr("Points, lines or polygons with a class field, saved or not, or a raster of classes.")
        self.addParameter(helped(labels, hint))
        field = QgsProcessingParameterString("CLASS_FIELD", tr("Class field"), optional=True)
        # By its name: where there are no dialogs, its module is not needed.
        field.setMetadata({"widget_wrapper": {"class": f"{__package__}.field_choice.FieldChoice"}})
        hint = tr("Text or number. Without one, the field that the layer's style shows, or the only one that can be.")
        self.addParameter(helped(field, hint))
        ignore = QgsProcessingParameterString("IGNORE", tr("Classes to leave out"), optional=True)
        self.addParameter(helped(ignore, tr("Values of the class field, or of the raster, separated by commas.")))

    def _add_training(self) -> None:
        add_choice(self, "KIND", tr("Kind of head"), HEADS, False,
                   tr("linear: logistic regression; knn: votes of the 20 nearest labels; conv: a small "
                      "convolution; upernet: a decoder, for many labels."))  # fmt: skip
        folds = QgsProcessingParameterNumber(
            "FOLDS", tr("Parts of the cross-validation"), QgsProcessingParameterNumber.Type.Integer,
            defaultValue=5, minValue=0, maxValue=20,
        )  # fmt: skip
        hint = tr("The accuracy is measured on labels that were held out, whole polygons or blocks; 0 for none.")
        self.addParameter(helped(folds, hint))
        balance = QgsProcessingParameterBoolean("BALANCE", tr("Let every class count alike"), defaultValue=True)
        self.addParameter(advanced(balance, tr("Otherwise classes with more labels win more often.")))
        block = QgsProcessingParameterNumber(
            "BLOCK_PX", tr("Blocks of the cross-validation (px)"), QgsProcessingParameterNumber.Type.Integer,
            optional=True, minValue=1,
        )  # fmt: skip
        hint = tr("For a raster of labels and for points: those within a block are held out together; one chip, else.")
        self.addParameter(advanced(block, hint))
        epochs = QgsProcessingParameterNumber(
            "EPOCHS", tr("Epochs"), QgsProcessingParameterNumber.Type.Integer, optional=True, minValue=1
        )
        hint = tr("Passes over the labels, of conv and upernet and of projections; without a number, by kind.")
        self.addParameter(advanced(epochs, hint))
        learn = QgsProcessingParameterBoolean(
            "LEARN_BANDS", tr("Learn projections of unseen bands"), defaultValue=False
        )  # fmt: skip
        hint = tr("First learns, from the labels, how the model should read bands that it has no layer for.")
        self.addParameter(advanced(learn, hint))

    def _add_outputs(self) -> None:
        output = QgsProcessingParameterFileDestination("OUTPUT", tr("Head"), tr("Heads (*.safetensors)"))
        self.addParameter(
            helped(output, tr("What “Segment with a head” takes; a .json that describes it lies beside it."))
        )
        report = QgsProcessingParameterFileDestination(
            "REPORT", tr("Report"), tr("Web pages (*.html)"), optional=True, createByDefault=True
        )
        self.addParameter(helped(report, tr("The accuracy as a page with pictures.")))
        table = QgsProcessingParameterFeatureSink(
            "TABLE", tr("Accuracy by class"), QgsProcessing.SourceType.TypeVector, optional=True
        )
        self.addParameter(helped(table, tr("A table with one row per class, and one for all.")))
        self.addOutput(QgsProcessingOutputNumber("OVERALL", tr("Overall accuracy")))
        self.addOutput(QgsProcessingOutputNumber("MEAN_F1", tr("Mean F1")))
        self.addOutput(QgsProcessingOutputNumber("MEAN_IOU", tr("Mean IoU")))
        self.addOutput(QgsProcessingOutputString("WARNINGS", tr("Warnings")))
        self.addOutput(QgsProcessingOutputString("CLASSES", tr("Classes (JSON)")))
        self.add_run_outputs()


def _rounded(value: Any) -> str:
    return "–" if value is None else f"{float(value):.2f}"


def _is_random(head: Path) -> bool:
    """Whether the description beside a head says that its model has random weights."""
    try:
        model = json.loads(head.with_suffix(".json").read_text(encoding="utf-8"))["features"]["model"]
        return bool(model["random"])
    except (OSError, ValueError, KeyError, TypeError):
        return False

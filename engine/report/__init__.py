"""The page that tells how good a head is, with pictures: one HTML file that needs nothing beside it."""

from engine.report.page import accuracy_page
from engine.report.pictures import Picture, class_map, overview, places

__all__ = ["Picture", "accuracy_page", "class_map", "overview", "places"]

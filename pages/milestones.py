"""Milestones: the classifiers that segmentation grew from, layer by layer."""

from seglab.lessons.labs.milestones import MILESTONES
from seglab.ui.lab import begin, end
from seglab.ui.milestones import milestones

begin(MILESTONES)
milestones()
end(MILESTONES)

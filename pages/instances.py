"""Instances and panoptic: from the pixels of a class to its objects, things and stuff merged, and PQ."""

from seglab.lessons.labs.instances import INSTANCES
from seglab.ui.instances import instances_panel
from seglab.ui.lab import begin, end

begin(INSTANCES)
instances_panel()
end(INSTANCES)

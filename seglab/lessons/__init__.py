"""The lessons as data, by name."""

from seglab.lessons.channels import CHANNELS
from seglab.lessons.convolution import CONVOLUTION
from seglab.lessons.output_size import OUTPUT_SIZE
from seglab.lessons.pooling import POOLING
from seglab.lessons.stack import STACK
from seglab.lessons.translation import TRANSLATION
from seglab.lessons.transposed_convolution import TRANSPOSED_CONVOLUTION
from seglab.lessons.unet_by_hand import UNET_BY_HAND
from seglab.stage.lesson import Lesson

LESSONS: dict[str, Lesson] = {
    lesson.name: lesson
    for lesson in (CONVOLUTION, CHANNELS, STACK, POOLING, TRANSLATION, TRANSPOSED_CONVOLUTION, OUTPUT_SIZE, UNET_BY_HAND)
}

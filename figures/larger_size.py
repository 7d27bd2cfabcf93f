"""What eighty features do in twenty dimensions: the same as twenty in five, at four times the size."""
# shows: TMS-05
# reads: larger_size

from superpose.plots import main
from superpose.plots.rows import packed

RELU = [("relu", p) for p in (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)]
GROUPS = {
    "Linear\nmodel": [("identity", 0.001)],
    "Dense world: twenty\nfeatures, apart": RELU[:1],
    "Sparser: more features, most in opposite\npairs that share a dimension": RELU[1:4],
    "Very sparse: up to three times as many features\nas dimensions, disturbing one another": RELU[4:],
}


def draw(tables):
    return packed(tables, GROUPS)


if __name__ == "__main__":
    main(draw)

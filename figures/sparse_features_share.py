"""What twenty features do in five dimensions, from a linear model and a dense world to a very sparse one."""
# shows: TMS-04
# reads: sparse_features_share

from superpose.plots import main
from superpose.plots.rows import packed

RELU = [("relu", p) for p in (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)]
GROUPS = {
    "Linear\nmodel": [("identity", 0.001)],
    "Dense world: five\nfeatures, apart": RELU[:1],
    "Sparser: more features, most in opposite\npairs that share a dimension": RELU[1:4],
    "Very sparse: over twice as many features\nas dimensions, disturbing one another": RELU[4:],
}


def draw(tables):
    return packed(tables, GROUPS)


if __name__ == "__main__":
    main(draw)

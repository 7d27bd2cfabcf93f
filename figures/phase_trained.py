"""What trained models do with the extra feature, against what theory says."""
# shows: TMS-08
# reads: phase_diagram

from superpose.plots import main, phases, style


def draw(tables):
    norm, overlap, boundary = tables["norm"], tables["superposition"], tables["boundary"]
    count = norm.values.shape[-1]
    best = (norm, norm.values[..., 0], overlap.values[..., 0])
    rest = (norm, norm.values[..., :-1].mean(-1), overlap.values[..., :-1].mean(-1))
    exact = (tables["best_norm"], tables["best_norm"].values, tables["best_superposition"].values)
    panels = {
        f"The best of {count} trained models": best,
        f"The {count - 1} better ones, averaged": rest,
        "The best model there is": exact,
    }
    figure = style.figure(style.TEXT, 2.2)
    *axes, corner = figure.subplots(1, 4, width_ratios=[1, 1, 1, 0.5])
    for ax, (title, (table, length, shared)) in zip(axes, panels.items(), strict=True):
        phases.found(ax, table.ticks("importance.1"), table.ticks("density"), length, shared)
        phases.boundaries(ax, boundary.ticks("importance.1"), boundary.values, colour="white")
        ax.set(title=title, xlabel="importance of feature 1")
    axes[0].set_ylabel("density")
    axes[0].text(0, -1.9, "white lines: theory", color="white", ha="center", fontsize=6)
    for ax in axes:
        ax.set_ylim(axes[0].get_ylim())
    for ax in axes[1:]:
        ax.set_yticklabels([])
    phases.key(corner)
    corner.set_title("Feature 1's fate", loc="center")
    corner.set_box_aspect(1)
    return figure


if __name__ == "__main__":
    main(draw)

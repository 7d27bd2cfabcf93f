"""What the specifications number: every entry of a paper, by name, and where in the paper it stands."""

from __future__ import annotations

from typing import NamedTuple

PROFILES = ("smoke", "default", "paper")
"""The sizes at which an experiment runs: to see that it does, to know, and as the paper did."""


class Entry(NamedTuple):
    """One thing that a paper shows or says, and the section it is in."""

    title: str
    where: str


TMS = {
    "TMS-01": Entry("Superposition appears with sparsity", "Introduction"),
    "TMS-02": Entry("Schematics", "Definitions and motivation"),
    "TMS-03": Entry("How to read a model", "Demonstrating superposition, basic results"),
    "TMS-04": Entry("Twenty features in five dimensions", "Demonstrating superposition, basic results"),
    "TMS-05": Entry("Eighty features in twenty dimensions", "Demonstrating superposition, basic results"),
    "TMS-06": Entry("Mathematical understanding", "Demonstrating superposition, mathematical understanding"),
    "TMS-07": Entry("Phase diagram of two features, in theory", "Superposition as a phase change"),
    "TMS-08": Entry("Phase diagram of two features, trained", "Superposition as a phase change"),
    "TMS-09": Entry("Phase diagram of three features, in theory", "Superposition as a phase change"),
    "TMS-10": Entry("Phase diagram of three features, trained", "Superposition as a phase change"),
    "TMS-11": Entry("Dimensions per feature against sparsity", "The geometry of superposition, uniform"),
    "TMS-12": Entry("The dimensionality of every feature", "The geometry of superposition, uniform"),
    "TMS-13": Entry("Tegum products and polytopes", "The geometry of superposition, uniform"),
    "TMS-14": Entry("A perturbed pentagon, its solutions", "The geometry of superposition, non-uniform"),
    "TMS-15": Entry("A perturbed pentagon, its losses", "The geometry of superposition, non-uniform"),
    "TMS-16": Entry("Correlated pairs", "The geometry of superposition, correlated features"),
    "TMS-17": Entry("Anticorrelated pairs", "The geometry of superposition, correlated features"),
    "TMS-18": Entry("Three correlated pairs", "The geometry of superposition, correlated features"),
    "TMS-19": Entry("Local, almost orthogonal bases", "The geometry of superposition, correlated features"),
    "TMS-20": Entry("Correlated pairs collapse", "The geometry of superposition, correlated features"),
    "TMS-21": Entry("Energy level jumps", "Superposition and learning dynamics"),
    "TMS-22": Entry("Learning as geometric transformations", "Superposition and learning dynamics"),
    "TMS-23": Entry("Adversarial vulnerability against sparsity", "Adversarial robustness"),
    "TMS-24": Entry("Vulnerability against features per dimension", "Adversarial robustness"),
    "TMS-25": Entry("Adversarial training", "Adversarial robustness"),
    "TMS-26": Entry("A privileged basis", "Superposition in a privileged basis"),
    "TMS-27": Entry("How to read a stack plot", "Superposition in a privileged basis"),
    "TMS-28": Entry("A ReLU hidden layer across sparsity", "Superposition in a privileged basis"),
    "TMS-29": Entry("A hidden bias", "Superposition in a privileged basis"),
    "TMS-30": Entry("Absolute value without superposition", "Computation in superposition"),
    "TMS-31": Entry("Computation in superposition", "Computation in superposition"),
    "TMS-32": Entry("Neurons of one and of many features", "Computation in superposition"),
    "TMS-33": Entry("The asymmetric superposition motif", "Computation in superposition"),
    "TMS-34": Entry("L1 on activations", "Text on the strategic picture"),
    "TMS-35": Entry("Nonlinear compression", "Appendix"),
    "TMS-36": Entry("Exact loss surfaces without a bias", "Comments, T. McGrath"),
    "TMS-37": Entry("Phase diagrams depend on the activation", "Comments, replications"),
    "TMS-38": Entry("The compressed sensing bound", "Text on compressed sensing"),
    "TMS-X1": Entry("The efficiency of every shape", "Companion to the geometry of superposition"),
    "TMS-X2": Entry("Phase diagrams with other activations", "Companion to the phase change"),
    "TMS-X3": Entry("One-sparse levels", "Companion to learning dynamics"),
}
"""Elhage et al., *Toy Models of Superposition*, 2022, with three companions of our own."""


FURTHER = {
    "FU-BND": Entry("Bounds and closed forms", "Welch 1974; Donoho and Tanner 2010; and others"),
    "FU-KG": Entry("Critical k-gons and their complexity", "Chen et al. 2023"),
    "FU-MONO": Entry("Capacity, and neurons of one feature", "Scherlis et al. 2022; Jermyn et al. 2022"),
    "FU-SC": Entry("Overlaps of many directions", "Liu et al. 2025"),
    "FU-COR": Entry("Circles of correlated features", "Prieto et al. 2026"),
    "NX-1": Entry("An atlas of phases, with hysteresis", "New here"),
    "NX-2": Entry("Complexity over the atlas", "New here"),
    "GEO": Entry("One recogniser for any matrix", "New here"),
}
"""Later papers, and experiments of our own."""

ENTRIES = TMS | FURTHER
"""All of them, in the order in which they are shown."""


def entry(id: str) -> str:
    """`entry("TMS-08.3")` is "TMS-08": what comes before the first full stop."""
    return id.partition(".")[0]


def where(id: str) -> str:
    """Where in the paper it stands; nothing for an entry that is not of a paper."""
    return ENTRIES[entry(id)].where if entry(id) in ENTRIES else ""

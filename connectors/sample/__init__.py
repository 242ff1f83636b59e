"""One made-up company's customers over three silos, with the truth about who is who."""

from connectors.sample.generate import MARA_EMAIL, SampleSummary, generate

__all__ = ["MARA_EMAIL", "SampleSummary", "generate"]

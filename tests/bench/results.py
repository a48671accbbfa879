"""The table of scripts/bench: each figure against its bar of tests/bench/bars, and what machine it was taken on."""

import os

ROOT = os.environ["BENCH_ROOT"]


class Results:
    def __init__(self):
        self.bars = {}
        self.figures = {}
        self.notes = {}
        self.more = {}
        with open(os.path.join(ROOT, "tests", "bench", "bars"), encoding="utf-8") as f:
            for line in f:
                if line.strip() and not line.startswith("#"):
                    name, sense, bar, unit, what = line.split(None, 4)
                    self.bars[name] = (sense, float(bar), unit, what.strip())

    def add(self, name, figure, note=""):
        self.figures[name] = figure
        self.notes[name] = note

    def skip(self, name, why):
        self.notes[name] = why

    def verdict(self, name):
        sense, bar, _, _ = self.bars[name]
        figure = self.figures[name]
        met = figure >= bar if sense == "min" else figure <= bar
        return met, abs(figure - bar) / bar * 100

    def report(self):
        print(f"{'':60} {'bar':>9} {'figure':>9} {'of bar':>7}")
        for name, (sense, bar, unit, what) in self.bars.items():
            if name not in self.notes:
                continue
            label = f"{what} ({unit})" if unit != "ratio" else what
            sign = "≥" if sense == "min" else "≤"
            if name not in self.figures:
                print(f"{label:60} {sign + format(bar, 'g'):>9} {'-':>9} {'-':>7}  not measured: {self.notes[name]}")
                continue
            met, percent = self.verdict(name)
            word = "met" if met else f"MISSED by {percent:.0f} %"
            print(f"{label:60} {sign + format(bar, 'g'):>9} {self.figures[name]:9.2f} {self.figures[name] / bar:7.2f}  "
                  f"{word}")
            if self.notes[name]:
                print(f"    {self.notes[name]}")
        return all(self.verdict(name)[0] for name in self.figures)


def machine():
    model = "?"
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        for line in f:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return f"{os.cpu_count()} cores, {model}"

/**
 * Counters, gauges and histograms in the text format of Prometheus, as nginx-lua-prometheus 0.20250302 (the library of APISIX)
 * keeps and writes them: a series begins with its first event, is written after its metric's HELP and TYPE, and stays until
 * the process ends.
 */

export type Labels = readonly [name: string, value: string][];

type Kind = "counter" | "gauge" | "histogram";

interface Metric {
    name: string;
    help: string;
    kind: Kind;
}

export class Registry {
    private readonly metrics = new Map<string, Metric>();
    /** By the metric's name, then by the whole name of a series. */
    private readonly series = new Map<string, Map<string, number>>();

    constructor(private readonly prefix: string) {}

    declare(name: string, kind: Kind, help: string): void {
        const whole = this.prefix + name;
        this.metrics.set(whole, { name: whole, help, kind });
        this.series.set(whole, new Map());
    }

    add(name: string, labels: Labels, value: number): void {
        const [series, key] = this.seriesOf(name, "", labels);
        series.set(key, (series.get(key) ?? 0) + value);
    }

    set(name: string, labels: Labels, value: number): void {
        const [series, key] = this.seriesOf(name, "", labels);
        series.set(key, value);
    }

    /** All bounds of a series are there from its first observation on; each counts what is not above it. */
    observe(name: string, labels: Labels, bounds: readonly number[], value: number): void {
        for (const bound of [...bounds, Infinity]) {
            const le = bound === Infinity ? "+Inf" : String(bound);
            const [series, key] = this.seriesOf(name, "_bucket", [...labels, ["le", le]]);
            series.set(key, (series.get(key) ?? 0) + (value <= bound ? 1 : 0));
        }
        for (const [part, more] of [
            ["_count", 1],
            ["_sum", value],
        ] as const) {
            const [series, key] = this.seriesOf(name, part, labels);
            series.set(key, (series.get(key) ?? 0) + more);
        }
    }

    /** How many series there are of a metric. */
    count(name: string): number {
        return this.series.get(this.prefix + name)?.size ?? 0;
    }

    /** What a scraper gets. A metric without a series is not in it. */
    text(): string {
        return [...this.metrics.values()]
            .sort((a, b) => (a.name < b.name ? -1 : 1))
            .flatMap(({ name, help, kind }) => {
                const series = [...this.series.get(name)!];
                if (series.length === 0) return [];
                const lines = series.map(([key, value]) => `${key} ${value}`);
                return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines];
            })
            .map((line) => `${line}\n`)
            .join("");
    }

    private seriesOf(name: string, part: string, labels: Labels): [series: Map<string, number>, key: string] {
        const whole = this.prefix + name;
        const series = this.series.get(whole);
        if (!series) throw new Error(`no metric ${whole}`);
        const list = labels.map(([label, value]) => `${label}="${escaped(value)}"`).join(",");
        return [series, `${whole}${part}${list === "" ? "" : `{${list}}`}`];
    }
}

function escaped(value: string): string {
    return value.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
}

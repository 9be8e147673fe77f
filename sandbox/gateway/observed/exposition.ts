/**
 * Counters, gauges and histograms in the text format of Prometheus, as nginx-lua-prometheus 0.20250302 (the library of APISIX)
 * writes them: a series appears with its first event, and stays until the process ends. The lines HELP and TYPE of its metric
 * come before it.
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
    /** Values of series, by metric name and then by series name with labels. */
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

    /**
     * Adds a value to a histogram. Each bucket counts the values up to its bound. With the first value all buckets
     * appear, even those with the count 0.
     */
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

    /** Number of series of a metric. */
    count(name: string): number {
        return this.series.get(this.prefix + name)?.size ?? 0;
    }

    /** The metrics in the text format of Prometheus. Metrics without series are left out. */
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

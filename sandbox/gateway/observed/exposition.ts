/**
 * Counters, gauges and histograms in the text format of Prometheus, as nginx-lua-prometheus 0.20250302 (the library of APISIX)
 * writes them: a series appears with its first event, and stays until the process ends. The lines HELP and TYPE of its metric
 * come before it.
 */

export type Labels = readonly [name: string, value: string][];

interface Metric {
    help: string;
    kind: "counter" | "gauge" | "histogram";
    /** Values of series, by their name with labels. */
    series: Map<string, number>;
}

export class Registry {
    private readonly metrics = new Map<string, Metric>();

    constructor(private readonly prefix: string) {}

    declare(name: string, kind: Metric["kind"], help: string): void {
        this.metrics.set(this.prefix + name, { help, kind, series: new Map() });
    }

    /** @param part end of the name of the series in a histogram */
    add(name: string, labels: Labels, value: number, part = ""): void {
        const { series } = this.metrics.get(this.prefix + name)!;
        const key = this.keyOf(name + part, labels);
        series.set(key, (series.get(key) ?? 0) + value);
    }

    set(name: string, labels: Labels, value: number): void {
        this.metrics.get(this.prefix + name)!.series.set(this.keyOf(name, labels), value);
    }

    /**
     * Adds a value to a histogram. Each bucket counts the values up to its bound. With the first value all buckets
     * appear, even those with the count 0.
     */
    observe(name: string, labels: Labels, bounds: readonly number[], value: number): void {
        for (const bound of [...bounds, Infinity]) {
            const le = bound === Infinity ? "+Inf" : String(bound);
            this.add(name, [...labels, ["le", le]], value <= bound ? 1 : 0, "_bucket");
        }
        this.add(name, labels, 1, "_count");
        this.add(name, labels, value, "_sum");
    }

    /** The metrics in the text format of Prometheus. Metrics without series are left out. */
    text(): string {
        return [...this.metrics]
            .filter(([, { series }]) => series.size > 0)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .flatMap(([name, { help, kind, series }]) => [
                ...[`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`],
                ...[...series].map(([key, value]) => `${key} ${value}`),
            ])
            .map((line) => `${line}\n`)
            .join("");
    }

    private keyOf(name: string, labels: Labels): string {
        const list = labels.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(",");
        return `${this.prefix}${name}${list === "" ? "" : `{${list}}`}`;
    }
}

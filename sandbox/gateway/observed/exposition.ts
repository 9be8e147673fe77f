/**
 * Counters, gauges and histograms in the text format of Prometheus, as nginx-lua-prometheus 0.20250302 (the library of APISIX)
 * writes them: a series appears with its first event, and stays until the process ends.
 */

export type Labels = readonly [name: string, value: string][];
type Kind = "counter" | "gauge" | "histogram";

export class Registry {
    /** Values of series, by their name with labels, for each metric. */
    private readonly metrics = new Map<string, { kind: Kind; help: string; series: Map<string, number> }>();

    constructor(private readonly prefix: string) {}

    declare(kind: Kind, name: string, help: string): void {
        this.metrics.set(name, { kind, help, series: new Map() });
    }

    /** @param part end of the name of the series in a histogram */
    add(name: string, labels: Labels, value: number, part = ""): void {
        const { series } = this.metrics.get(name)!;
        const list = labels.map(([label, text]) => `${label}=${JSON.stringify(text)}`).join(",");
        const key = `${this.prefix}${name}${part}${list === "" ? "" : `{${list}}`}`;
        series.set(key, (series.get(key) ?? 0) + value);
    }

    /** Sets the only series of a metric. */
    set(name: string, labels: Labels, value: number): void {
        this.metrics.get(name)!.series.clear();
        this.add(name, labels, value);
    }

    /** Adds a value to a histogram. Each bucket counts the values up to its bound. */
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
        const lines = [...this.metrics]
            .filter(([, { series }]) => series.size > 0)
            .flatMap(([name, { help, kind, series }]) => [
                ...[`# HELP ${this.prefix}${name} ${help}`, `# TYPE ${this.prefix}${name} ${kind}`],
                ...[...series].map(([key, value]) => `${key} ${value}`),
            ]);
        return lines.map((line) => `${line}\n`).join("");
    }
}

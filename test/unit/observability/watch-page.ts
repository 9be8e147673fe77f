/** The metrics tables of docs/operate/watch.md, to compare with alerts and dashboards. */
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../side-by-side";

export const PAGE = "docs/operate/watch.md";

export const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");

/** Names of the headings of a page, as GitHub generates them. */
export function anchors(page: string): string[] {
    return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, text]) =>
        text
            .toLowerCase()
            .replace(/[^\p{L}\p{N} _-]/gu, "")
            .replaceAll(" ", "-"),
    );
}

/**
 * Rows of a table of the page, as lists of cells.
 * @param head header of the table's first column
 * @param at index among the tables with this header
 */
function rows(head: string, at = 0): string[][] {
    const table = read(PAGE)
        .split("\n\n")
        .filter((block) => new RegExp(`^\\| ${head} `).test(block))[at];
    assert.ok(table, `${PAGE} has no table of ${head}`);
    const lines = table.trim().split("\n").slice(2);
    return lines.map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim())).map((cells) => cells.slice(1, -1));
}

/** A metric of this repository, of APISIX, of cloudflared or of kube-state-metrics, with the selector of its series. */
export const METRIC = /\b((?:apisix|alpa_auth_caller|alpa_auth_connector|cloudflared|kube)_\w+)(\{.*?\}(?=[[) ]|$))?/gm;

/**
 * Metrics of kube-state-metrics that the page names, with their labels. Source: docs/metrics/workload/pod-metrics.md of
 * kube-state-metrics.
 */
const KUBE_STATE_METRICS: [string, string[]][] = [
    ["kube_pod_container_status_restarts_total", ["namespace", "pod", "uid", "container"]],
    ["kube_pod_status_ready", ["namespace", "pod", "uid", "condition"]],
];

/** Labels of each metric of the page, and those that Prometheus adds. */
export function documented(): Map<string, string[]> {
    const tables = [0, 1, 2].flatMap((at) => rows("Metric", at));
    const codes = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    const named = tables
        .filter(([, kind]) => /^(counter|gauge|histogram)$/.test(kind))
        .flatMap(([name, kind, labels]): [string, string[]][] => {
            const [metric] = codes(name);
            const names = kind === "histogram" ? [`${metric}_bucket`, `${metric}_count`, `${metric}_sum`] : [metric];
            return names.map((one) => [one, [...codes(labels), "instance"]]);
        });
    return new Map([...named, ...KUBE_STATE_METRICS]);
}

// Proves that the dashboards of docs/examples/grafana use existing metrics and labels of the gateway in valid queries, link
// to existing pages, and contain nothing that only one installation has.
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { findOnPath } from "../../../sandbox/toolchain/path";
import { ROOT } from "../../side-by-side";
import { anchors, documented, METRIC, read } from "./watch-page";

const FOLDER = "docs/examples/grafana";
const rules = (parse(read("docs/examples/prometheus/alpa-auth.rules.yml")) as any).groups[0].rules as any[];
/** Labels that Prometheus adds itself. */
const ADDED = ["instance", "le"];
/** Variables of the queries, for a time range of an hour with a point each five minutes. */
const VARIABLES: Record<string, string> = { stack: ".+", consumer: "c", __rate_interval: "5m", __range: "1h" };
const promtool = findOnPath("promtool");

describe("dashboards for Grafana", () => {
    for (const file of readdirSync(join(ROOT, FOLDER))) {
        const board = JSON.parse(read(join(FOLDER, file)));
        const panels: any[] = board.panels;
        const queries: string[] = panels.flatMap(({ targets = [] }) => targets.map(({ expr }: any) => expr));

        it(`${file} has its name as uid`, () => assert.equal(`${board.uid}.json`, file));

        it(`${file} uses only metrics and labels that docs/operate/watch.md names, and records of the rule file`, () => {
            const metrics = documented();
            const records = rules.map(({ record }) => record);
            assert.ok(queries.length > 10);
            for (const query of queries) {
                for (const [record] of query.matchAll(/\balpa_auth:\w+:\w+/g))
                    assert.ok(records.includes(record), record);
                for (const [, metric, braces] of query.matchAll(METRIC)) {
                    assert.ok(metrics.has(metric), `${metric} is not in the table`);
                    assert.ok(braces, `${metric} has no braces`);
                    for (const [, label] of braces.matchAll(/(\w+)(?:=|!)/g))
                        assert.ok(metrics.get(metric)!.includes(label), `${metric} has no label ${label}`);
                }
                for (const [, by] of query.matchAll(/\bby \(([^)]*)\)/g))
                    for (const label of by.split(", "))
                        assert.ok([...ADDED, ...[...metrics.values()].flat()].includes(label), `by ${label}`);
            }
        });

        if (promtool !== undefined)
            it(`${file} has queries that promtool can parse`, () => {
                const folder = mkdtempSync(join(tmpdir(), "alpa-auth-dashboards-"));
                const valueOf = (_: string, name: string) => VARIABLES[name] ?? assert.fail(`no variable ${name}`);
                const parsed = queries.map((query, at) => ({
                    record: `query:${at}`,
                    expr: query.replace(/\$\{?(\w+)\}?/g, valueOf),
                }));
                writeFileSync(join(folder, "q.yml"), stringify({ groups: [{ name: file, rules: parsed }] }));
                try {
                    execFileSync(promtool, ["check", "rules", "q.yml"], { cwd: folder, stdio: "pipe" });
                } finally {
                    rmSync(folder, { recursive: true });
                }
            });

        it(`${file} links to headings that exist`, () => {
            const links: string[] = [...board.links, ...panels.flatMap(({ links = [] }) => links)].map(
                ({ url }) => url,
            );
            const written = [...JSON.stringify(board).matchAll(/\]\((\$\{docs\}[^)]*)\)/g)].map(([, url]) => url);
            assert.ok(links.length > 3);
            for (const url of [...links, ...written]) {
                const [page, anchor] = url.replace("${docs}", "docs").split("#");
                assert.ok(existsSync(join(ROOT, page)), url);
                if (anchor !== undefined) assert.ok(anchors(page).includes(anchor), url);
            }
        });

        it(`${file} queries the selected Prometheus, and names no installation and no secret`, () => {
            const text = JSON.stringify(board);
            assert.doesNotMatch(text, /https?:|apikey|credential="|Authorization|password|\btoken\b/i);
            for (const [, uid] of text.matchAll(/"uid":"([^"]*)"/g))
                assert.ok([board.uid, "${datasource}"].includes(uid), uid);
        });
    }
});

// Proves that the dashboards use existing metrics and labels of the gateway, and link to existing pages. Also proves
// that they contain no secret, and nothing that only one installation has. queries.test.ts proves the results of their
// queries.
import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { DASHBOARDS } from "../../../observability/dashboards";
import { ROOT } from "../../side-by-side";
import { panelsOf, substituted } from "./dashboards";
import { anchors, documented, METRIC, read } from "./watch-page";

const rules = (parse(read("docs/examples/prometheus/alpa-auth.rules.yml")) as any).groups[0].rules as any[];
/** Labels that Prometheus adds itself. */
const ADDED = ["instance", "le"];

describe("dashboards for Grafana", () => {
    for (const [name, build] of Object.entries(DASHBOARDS)) {
        const board = build().build() as any;
        const panels = panelsOf(build);

        it(`${name} has its own name as uid, and no two panels with the same title`, () => {
            assert.equal(board.uid, name);
            const titles = panels.map(({ title }) => title);
            assert.deepEqual([...new Set(titles)], titles);
            for (const { title, description } of panels) assert.ok(description, `${title} has no description`);
        });

        it(`${name} uses only metrics and labels that docs/operate/watch.md names, and records of the rule file`, () => {
            const metrics = documented();
            const records = rules.map(({ record }) => record);
            for (const query of panels.flatMap(({ queries }) => queries)) {
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

        it(`${name} links to headings that exist`, () => {
            const links = [...board.links, ...panels.flatMap(({ links }) => links)].map(
                ({ url }: any) => url as string,
            );
            const written = [...JSON.stringify(board).matchAll(/\]\((\$\{docs\}[^)]*)\)/g)].map(([, url]) => url);
            assert.ok(links.length > 3);
            for (const url of [...links, ...written]) {
                const [page, anchor] = url.replace("${docs}", "docs").split("#");
                assert.ok(existsSync(join(ROOT, page)), url);
                if (anchor !== undefined) assert.ok(anchors(page).includes(anchor), url);
            }
        });

        it(`${name} shows counts without a fraction, and colors only values that can be bad`, () => {
            const figures = board.panels.filter(({ type }: any) => type === "stat");
            assert.ok(figures.length > 0);
            for (const { title, fieldConfig, options } of figures) {
                const { unit, decimals, thresholds } = fieldConfig.defaults;
                assert.equal(decimals, unit === "short" ? 0 : undefined, title);
                assert.equal(options.colorMode, thresholds.steps.length > 1 ? "value" : "none", title);
            }
        });

        it(`${name} shows times from milliseconds to minutes on a logarithmic axis`, () => {
            const times = board.panels.filter(({ title }: any) => /^Response time of Alpa/.test(title));
            assert.equal(times.length, 1);
            const { custom, min } = times[0].fieldConfig.defaults;
            assert.deepEqual([custom.scaleDistribution.type, min > 0], ["log", true]);
        });

        it(`${name} queries the selected Prometheus for the selected stack, and names no installation`, () => {
            const declared = board.templating.list.map((one: any) => one.name);
            for (const query of panels.flatMap(({ queries }) => queries))
                substituted(query, { stack: "s", consumer: "c" });
            assert.deepEqual(
                declared.filter((one: string) => one !== "consumer"),
                ["datasource", "stack", "docs"],
            );
            const text = JSON.stringify(board);
            assert.doesNotMatch(text, /https?:|apikey|credential="|Authorization|password|token/i);
            for (const [, uid] of text.matchAll(/"uid":"([^"]*)"/g))
                assert.ok([name, "${datasource}"].includes(uid), uid);
        });
    }

    it("explain what an empty panel of the gateway means", () => {
        const board = DASHBOARDS["alpa-auth-operators"]().build() as any;
        // The series of these panels begin with the first event, or come from a program that not every stack has.
        const mayBeEmpty = board.panels.filter(
            ({ type, targets = [] }: any) =>
                type === "timeseries" &&
                targets.some(({ expr }: any) => /caller_path|kube_|connectors:|by \(c/.test(expr)),
        );
        assert.ok(mayBeEmpty.length > 5);
        for (const { title, fieldConfig } of mayBeEmpty)
            if (title !== "Requests by caller") assert.ok(fieldConfig.defaults.noValue, title);
        const sums = board.panels.flatMap(({ targets = [] }: any) => targets.map(({ expr }: any) => expr as string));
        for (const expr of sums.filter((one: string) => /^60 \* sum \(/.test(one)))
            assert.match(expr, / or 0 \* count/);
    });
});

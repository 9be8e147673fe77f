// Proves that a diagram shows the request path of each option as its program creates it, the changes of a preview, and no
// secret; that names from outside of this project are escaped in both formats; and what the command rejects.
import { strict as assert } from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LONGEST, renderMarkdown } from "../../../../ops/stack/review/markdown";
import { draw } from "../../../../ops/stack/graph/draw";
import { renderMermaid } from "../../../../ops/stack/graph/mermaid";
import type { Picture } from "../../../../ops/stack/graph/picture";
import { renderSvg } from "../../../../ops/stack/graph/svg";
import type { Seen } from "../../../kit";
import { recordCloudflare } from "../../kit/cloudflare";
import { exposedInterSettings, recordInter } from "../../kit/inter";
import { recordStack } from "../../kit/intra-a";
import { bench, exits } from "../kit";
import { previewOf } from "./review/programs";

const stateOf = (seen: Seen[]) => ({ resources: previewOf([], seen).steps.map(({ newState }) => newState!) });

/** The lines that carry requests, each as `<from> -<label>-> <to>`. */
function requests({ parts, lines }: Picture): string[] {
    const nameOf = (id: string) => parts.find((part) => part.id === id)!.label.join(" ");
    return lines
        .filter(({ carries }) => carries === "requests")
        .map(({ from, to, label = "" }) => `${nameOf(from)} -${label}-> ${nameOf(to)}`);
}

const changed = ({ parts }: Picture) =>
    Object.fromEntries(parts.flatMap(({ label, change }) => (change ? [[label.join(" "), change]] : [])));

const UPSTREAM = {
    type: "kubernetes:apisix.apache.org/v2:ApisixUpstream",
    urn: "urn:pulumi:x::alpa-auth::kubernetes:apisix.apache.org/v2:ApisixUpstream::u",
};
const ROUTE = {
    type: "kubernetes:apisix.apache.org/v2:ApisixRoute",
    urn: "urn:pulumi:x::alpa-auth::kubernetes:apisix.apache.org/v2:ApisixRoute::r",
    inputs: { spec: { http: [{ match: { paths: ["/p"] }, upstreams: [{ name: "u" }] }] } },
};
const leadingTo = (name: unknown) => ({
    resources: [
        ROUTE,
        { ...UPSTREAM, inputs: { metadata: { name: "u" }, spec: { externalNodes: [{ name, port: 2 }] } } },
    ],
});

describe("the diagram of a stack", () => {
    it("shows requests of option intra-a through the node port and APISIX to each Alpa, with the paths", async () => {
        const seen = await recordStack("rampart");
        const picture = draw("intra", stateOf(seen))!;
        assert.deepEqual(requests(picture), [
            "2 callers API key --> node port 30800",
            "node port 30800 --> APISIX 3.18.0 1 pod",
            "APISIX 3.18.0 1 pod -/alpa/completions, /alpa/logprobs-> Alpa 10.0.0.11:20001",
            "APISIX 3.18.0 1 pod -/alpa/completions-> Alpa 10.0.0.12:20001",
        ]);
        assert.deepEqual(changed(picture), {}, "nothing changes");
    });

    it("is the same with installer helm, and for an existing gateway has only the stack's resources", async () => {
        const helm = requests(draw("intra", stateOf(await recordStack("helm")))!);
        assert.deepEqual(helm, requests(draw("intra", stateOf(await recordStack("rampart")))!));
        assert.deepEqual(requests(draw("intra", stateOf(await recordStack("existing")))!).slice(0, 2), [
            "2 callers API key --> address of the gateway",
            "address of the gateway --> APISIX already installed",
        ]);
    });

    it("shows requests of option inter through Cloudflare and its connectors, with counters and three members of etcd", async () => {
        const picture = draw("inter", stateOf(await recordInter(exposedInterSettings("rampart"))))!;
        assert.deepEqual(requests(picture).slice(0, 3), [
            "2 callers API key -HTTPS-> Cloudflare Access llm.example.com",
            "Cloudflare Access llm.example.com -tunnel-> cloudflared 2 connectors",
            "cloudflared 2 connectors --> APISIX 3.18.0 3 pods",
        ]);
        const controlled = picture.parts.map(({ label }) => label.join(" "));
        for (const part of ["counters of limits", "ingress controller 2 pods", "etcd 3 members"])
            assert.ok(controlled.includes(part), controlled.join());
    });

    it("shows requests of option cloudflare without a gateway to Alpa on the connector's host", async () => {
        assert.deepEqual(requests(draw("cloudflare", stateOf(await recordCloudflare()))!), [
            "2 callers service token -HTTPS-> Cloudflare Access llm.example.com",
            "Cloudflare Access llm.example.com -tunnel-> cloudflared",
            "cloudflared -/completions, /logprobs-> Alpa 127.0.0.1:20001",
        ]);
    });

    it("colours what a preview changes, and what it adds or deletes", async () => {
        const [before, after] = [
            await recordStack("rampart"),
            await recordStack("rampart", { consumers: [{ name: "third", credentials: [{ id: "a", method: "key" }] }] }),
        ];
        const picture = draw("intra", stateOf(before), previewOf(before, after))!;
        assert.deepEqual(changed(picture), { "3 callers API key": "update" });
        assert.match(renderMermaid(picture), /callers\["3 callers<br>API key<br>\(changed\)"\]:::update/);
        const gone = draw("intra", stateOf(before), previewOf(before, []))!;
        assert.deepEqual([...new Set(Object.values(changed(gone)))], ["delete"]);
    });

    it("contains nothing that is secret or not known yet", async () => {
        const all = [await recordStack("rampart"), await recordCloudflare()];
        for (const seen of all) {
            const picture = draw("intra", stateOf(seen))!;
            assert.doesNotMatch(`${renderMermaid(picture)}${await renderSvg(picture)}`, /s3cret|generated|\[secret\]/);
        }
        const picture = renderMermaid(draw("x", leadingTo({ "4dabf18193072939515e22adb298388d": "s" }))!);
        assert.doesNotMatch(picture, /4dabf|object/);
    });

    it("escapes names of other owners in Mermaid and SVG", async () => {
        const name = `a"]; click x "https://evil.example" </text><script>1</script> #quot; \\N`;
        const picture = draw("x", leadingTo(name))!;
        const box = renderMermaid(picture)
            .split("\n")
            .find((line) => line.includes("evil"))!;
        assert.match(box, /^\s*alpa0\["Alpa<br>[^"\\<>]*"\]$/);
        const svg = await renderSvg(picture);
        assert.match(svg, /^<svg[^]*<\/svg>\s*$/);
        assert.doesNotMatch(svg, /<script|<a |xlink:href/);
    });
});

describe("alpa-auth stack graph", () => {
    it("prints Mermaid, SVG or JSON of the state", async () => {
        const state = JSON.stringify({ deployment: stateOf(await recordStack("rampart")) });
        const { ops } = bench({ says: ({ args }) => (args[1] === "export" ? { stdout: state } : undefined) });
        assert.match((await ops("stack", "graph")).out, /^flowchart LR\n/);
        assert.match((await ops("stack", "graph", "--format", "svg")).out, /^<svg/);
        const { parts } = JSON.parse((await ops("stack", "graph", "--format", "json")).out) as Picture;
        assert.equal(parts[0].label[0], "2 callers");
    });

    it("rejects a stack without resources and a preview of another stack, and says what to do", async () => {
        const { ops, folder } = bench();
        const empty = await exits(2, ops("stack", "graph"));
        assert.match(empty.note, /intra has no resources to draw.*pulumi up/);
        const file = join(folder, "preview.json");
        writeFileSync(file, JSON.stringify(previewOf([], await recordStack("rampart"))));
        const other = await exits(2, ops("stack", "graph", "--preview", file));
        assert.match(other.note, /must be of stack intra \(got test\)/);
    });
});

describe("the diagram in a comment", () => {
    const review = { stack: "intra", changes: {}, findings: [] };

    it("comes after the findings, and is omitted where they need its space", () => {
        const text = renderMarkdown(review, LONGEST, "flowchart LR\n    a --> b");
        assert.match(text, /<details>[^]*```mermaid\nflowchart LR\n {4}a --> b\n```/);
        assert.equal(renderMarkdown(review, LONGEST, "x".repeat(LONGEST)), renderMarkdown(review));
    });
});

// Proves that the diagrams of the docs show the resources, network policies and phases of the code. Their layout is not tested.
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cloudflareDiagram, conversionDiagram, gatewayDiagram, zoneDiagram } from "../diagrams";
import { drawn, layers } from "../layers";
import { cloudflareStack, recordCloudflare } from "../unit/kit/cloudflare";
import { interSettings, recordInter } from "../unit/kit/inter";
import { recordStack, settings } from "../unit/kit/intra-a";
import { intraBSettings, recordIntraB } from "../unit/kit/intra-b";

const OPTIONS = "docs/evaluate/options.md";

/** The first diagram below a heading of a page. */
function blockBelow(heading: string): RegExp {
    return new RegExp(`(?<=^#+ ${heading}\\n(?:(?!^#+ )[^])*?^\`\`\`mermaid\\n)[^\`]*(?=^\`\`\`$)`, "m");
}

function assertShown(page: string, heading: string, diagram: string): void {
    const file = join(__dirname, "../..", page);
    const block = blockBelow(heading);
    assert.match(readFileSync(file, "utf8"), block, `${page} has no diagram below "${heading}"`);
    if (process.env.UPDATE_GOLDEN)
        writeFileSync(
            file,
            readFileSync(file, "utf8").replace(block, () => diagram),
        );
    assert.equal(block.exec(readFileSync(file, "utf8"))![0], diagram, "Run npm run golden, and read what changed.");
}

/** The node port and the number of APISIX pods of a gateway that the stack installs. */
function size({ gateway }: any): [nodePort: number, pods: number] {
    return [gateway.release.nodePort, gateway.release.replicas];
}

describe("golden diagrams", () => {
    it("of option intra-a show its resources", async () => {
        assertShown(
            OPTIONS,
            "Option intra-a",
            gatewayDiagram(await recordStack("rampart"), ...size(settings("rampart"))),
        );
    });

    it("of option intra-b show its resources", async () => {
        const shown = gatewayDiagram(await recordIntraB("open"), ...size(intraBSettings()));
        assertShown(OPTIONS, "Option intra-b", shown);
    });

    it("of option inter show its resources", async () => {
        const inter = interSettings("rampart");
        assertShown(OPTIONS, "Option inter", gatewayDiagram(await recordInter(inter), ...size(inter)));
    });

    it("of option cloudflare show its resources", async () => {
        const shown = cloudflareDiagram(await recordCloudflare(), cloudflareStack().endpoint);
        assertShown(OPTIONS, "Option cloudflare", shown);
    });

    it("of a conversion show its phases", () => {
        assertShown("docs/operate/convert.md", "Convert between intra-a and intra-b", conversionDiagram());
    });

    it("of the move of a zone show its phases", () => {
        assertShown("docs/operate/dns-move.md", "Phases", zoneDiagram());
    });
});

const PAGE = join(__dirname, "../../docs/architecture.md");
const BLOCK = /(?<=^## Import order\n[^#]*?^```mermaid\n)[^`]*(?=^```$)/m;

describe("golden import order", () => {
    it("of docs/architecture.md matches the code", () => {
        const diagram = drawn(layers());
        if (process.env.UPDATE_GOLDEN)
            writeFileSync(
                PAGE,
                readFileSync(PAGE, "utf8").replace(BLOCK, () => diagram),
            );
        const shown = BLOCK.exec(readFileSync(PAGE, "utf8"))?.[0];
        assert.equal(shown, diagram, "Run npm run golden, and read what changed.");
    });

    it("omits arrows that follow from others", () => {
        const arrows = drawn(
            new Map([
                ["a", ["b", "c"]],
                ["b", ["c"]],
                ["c", []],
            ]),
        );
        assert.deepEqual(arrows.match(/\w --> \w/g), ["a --> b", "b --> c"]);
    });
});

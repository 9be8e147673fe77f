// Proves that the sign-off pages match the code: ports from the network policies, ciphers from the settings of APISIX,
// identities and secrets from the objects, and figures from the tests that measured them.
import { strict as assert } from "node:assert";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EDGE_PORT } from "../../components/cloudflare/cloudflared/deployment";
import type { InstalledGateway } from "../../preflight/kubernetes/nodes";
import { edgeIdentities, clusterIdentities, secrets } from "../sign-off/identities";
import { EVENTS, SIGNED_OPTIONS, type SignedOption } from "../sign-off/events";
import { measured, readMeasured } from "../sign-off/measured";
import { signOffPage, type Sections } from "../sign-off/page";
import { preflightReads } from "../sign-off/preflight-reads";
import { edgePorts, gatewayPorts } from "../sign-off/ports";
import { edgeProtocols, gatewayProtocols } from "../sign-off/protocols";
import type { Seen } from "../kit";
import { rawCloudflare, recordCloudflare } from "../unit/kit/cloudflare";
import { interValues, parseInter, recordInter } from "../unit/kit/inter";
import { CONSUMERS, recordStack, settings } from "../unit/kit/intra-a";
import { intraBSettings, recordIntraB } from "../unit/kit/intra-b";
import { assertReviewed, formatted } from "./file";

const CALLERS = CONSUMERS.map(({ name }) => name);
const SERVED = {
    azure: { hostname: "llm.example.com", addresses: ["20.50.2.10"] },
    tls: { certificate: { certManager: { issuer: "internal" } } },
};
type GatewaySettings = InstalledGateway & Pick<ReturnType<typeof settings>, "gateway" | "tls">;

async function ofGateway(option: string, seen: Seen[], all: GatewaySettings): Promise<Sections> {
    const { gateway, tls } = all;
    assert.ok(gateway.installer !== "existing");
    const { nodePort, tls: served } = gateway.release;
    return {
        config: { option, exposure: "direct", ...SERVED },
        ports: gatewayPorts(seen, { http: nodePort!, https: served?.nodePort, redirect: tls?.redirect ?? false }),
        protocols: gatewayProtocols(seen),
        identities: clusterIdentities(seen, await preflightReads(all)),
        secrets: secrets(seen, CALLERS),
    };
}

const SECTIONS: Record<SignedOption, () => Promise<Sections>> = {
    "intra-a": async () => ofGateway("intra-a", await recordStack("rampart", SERVED), settings("rampart", SERVED)),
    "intra-b": async () => ofGateway("intra-b", await recordIntraB("done", SERVED), intraBSettings(SERVED)),
    inter: async () => {
        const inter = parseInter(interValues(SERVED, { address: undefined }));
        return ofGateway("inter", await recordInter(inter), inter);
    },
    cloudflare: async () => {
        const seen = await recordCloudflare();
        const { option, hostname } = rawCloudflare();
        return {
            config: { option, hostname },
            ports: edgePorts(seen, EDGE_PORT),
            protocols: edgeProtocols(seen),
            identities: edgeIdentities(seen),
            secrets: secrets(seen, CALLERS),
        };
    },
};

describe("sign-off pages", () => {
    for (const option of SIGNED_OPTIONS)
        it(`include one for option ${option} that matches the code`, async () => {
            const file = `../../docs/reference/sign-off/${option}.md`;
            const text = signOffPage(option, await SECTIONS[option](), readMeasured()[option]);
            for (const secret of ["s3cret", "PRIVATE KEY", "Z2VuZXJhdGVk"]) assert.ok(!text.includes(secret), secret);
            assertReviewed(file, await formatted(file, text));
        });

    it("have figures only of known events, each from the test that measures it", () => {
        for (const [option, events] of Object.entries(readMeasured()))
            for (const [event, { by, on }] of Object.entries(events)) {
                assert.equal(by, EVENTS[option as SignedOption][event]?.measuredBy, `${option}, ${event}`);
                assert.match(on, /^\d{4}-\d\d-\d\d$/);
            }
    });

    it("record figures only when that is requested, and only of an event that has a test", () => {
        const folder = mkdtempSync(join(tmpdir(), "alpa-auth-measured-"));
        try {
            const file = join(folder, "measured.json");
            const figures = { requests: 10, failed: 1 };
            measured("inter", "restart", figures, { file, asked: "" });
            assert.deepEqual(readMeasured(file), {});
            const now = new Date("2026-11-28T23:00:00Z");
            measured("inter", "restart", figures, { file, asked: "1", now });
            measured("inter", "drain", figures, { file, asked: "1", now });
            const by = "test/engine/cluster/inter.test.ts";
            const row = { ...figures, on: "2026-11-28", by };
            assert.deepEqual(readMeasured(file), { inter: { drain: row, restart: row } });
            assert.throws(
                () => measured("inter", "set-up", figures, { file }),
                /inter has no event set-up that is measured/,
            );
        } finally {
            rmSync(folder, { recursive: true, force: true });
        }
    });
});

// Proves which configs of opt.watchdog and alpa.watchdog are valid, and the resulting resources.
import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { cloudflare } from "../../../../stacks/cloudflare";
import { inter } from "../../../../stacks/inter";
import { intra } from "../../../../stacks/intra";
import { one, record } from "../../../kit";
import { CALLS, cloudflareStack, HOST } from "../../kit/cloudflare";
import { interValues, parseInter } from "../../kit/inter";
import { intraBSettings, intraBValues } from "../../kit/intra-b";
import { CONSUMERS, EXPOSURE, raw } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

const ENDPOINTS = ["10.0.0.11:20001"];
const COMMAND = "command:remote:Command";
const values = (watchdog: unknown, alpa: object = {}) => ({
    option: "intra-a",
    alpa: { endpoints: ENDPOINTS, watchdog, ...alpa },
    consumers: CONSUMERS,
});

function problems(config: Record<string, unknown>, isSecret?: () => boolean): string[] {
    return problemsOf(() => parse(raw(config), isSecret));
}

const refused: Refused[] = [
    ["no hosts", values({}), /^alpa\.watchdog\.hosts: required/],
    ["an empty list of hosts", values({ hosts: [] }), /^alpa\.watchdog\.hosts: must name at least one host/],
    ["a host named twice", values({ hosts: [HOST, HOST] }), /^alpa\.watchdog\.hosts\[1\]: must be listed only once/],
    [
        "a restart without a service",
        values({ hosts: [HOST], restart: true }),
        "alpa.watchdog.unit: required with restart. Name the systemd service that runs Alpa.",
    ],
    [
        "a service without restart",
        values({ hosts: [HOST], unit: "alpa.service" }),
        "alpa.watchdog.unit: only valid with restart true (got restart false). Remove it, or set restart to true.",
    ],
    [
        "an invalid service",
        values({ hosts: [HOST], restart: true, unit: "alpa; id" }),
        /^alpa\.watchdog\.unit: must be the name of a systemd service/,
    ],
    [
        "a limit shorter than the longest answer",
        values({ hosts: [HOST], stuckSeconds: 300 }),
        "alpa.watchdog.stuckSeconds: must be at least 600, the longest answer (got 300). Raise it, or the watchdog restarts Alpa during a long answer.",
    ],
    [
        "a limit shorter than the longest answer in the cluster",
        intraBValues(
            { alpa: { endpoints: ENDPOINTS, answerTimeoutSeconds: 900 } },
            { watchdog: { stuckSeconds: 800 } },
        ),
        "opt.watchdog.stuckSeconds: must be at least 900, the longest answer (got 800). Raise it, or the watchdog restarts Alpa during a long answer.",
    ],
    ["a limit of zero", values({ hosts: [HOST], idleSeconds: 0 }), /^alpa\.watchdog\.idleSeconds: /],
    [
        "a limit within which a healthy Alpa may wait for a batch",
        values({ hosts: [HOST], idleSeconds: 9 }),
        "alpa.watchdog.idleSeconds: must be at least 10 (got 9). Raise it, or the watchdog restarts Alpa while it only waits for more prompts.",
    ],
    [
        "a limit shorter than the longest answer behind a tunnel",
        {
            ...values({ hosts: [HOST], stuckSeconds: 100 }),
            ...EXPOSURE,
            alpa: { ...EXPOSURE.alpa, watchdog: { hosts: [HOST], stuckSeconds: 100 } },
        },
        /^alpa\.watchdog\.stuckSeconds: must be at least 120, the longest answer \(got 100\)/,
    ],
    [
        "a host without a service, where services have several ports",
        values({ hosts: [HOST] }, { endpoints: ["10.0.0.12:20001", "10.0.0.13:20002"] }),
        "alpa.watchdog.hosts[0].address: must be the host of one of alpa.endpoints, which names the port to watch (got 10.0.0.11). Write the host as in alpa.endpoints.",
    ],
    [
        "a host with two services",
        values({ hosts: [HOST] }, { endpoints: ["10.0.0.11:20001", "10.0.0.11:20002"] }),
        /^alpa\.watchdog\.hosts\[0\]\.address: must run only one Alpa service \(got 10\.0\.0\.11, which has 2 of alpa\.endpoints\)/,
    ],
];

describe("config of the watchdogs", () => {
    itRefuses(refused, problems);

    it("warns where services have no watchdog", () => {
        const warnings = (endpoints: string[]) => parse(raw(values({ hosts: [HOST] }, { endpoints }))).warnings;
        assert.deepEqual(warnings(ENDPOINTS), []);
        assert.match(
            warnings([...ENDPOINTS, "10.0.0.12:20001"]).join(),
            /1 of 2 services of alpa\.endpoints have a watchdog/,
        );
    });

    it("does not repeat a host's private key at a wrong place in the config", () => {
        const found = problems(values({ hosts: [HOST.privateKey] }));
        assert.match(found.join("\n"), /^alpa\.watchdog\.hosts\[0\]: /);
        assert.doesNotMatch(found.join("\n"), /PRIVATE KEY/);
    });

    it("rejects keys in plain text", () => {
        const found = problems(values({ hosts: [HOST] }), () => false);
        assert.ok(found.some((text) => text.startsWith("alpa.watchdog.hosts[0].privateKey: must be stored encrypted")));
    });

    it("limits one batch to twice the longest answer by default", () => {
        const watchdog = (opt: object, alpa: object = {}) =>
            intraBSettings({ alpa: { endpoints: ENDPOINTS, ...alpa } }, opt).conversion.opt.watchdog;
        assert.equal(watchdog({}), undefined);
        assert.deepEqual(watchdog({ watchdog: {} }), { model: "default", idleSeconds: 60, stuckSeconds: 1200 });
        const answer = { answerTimeoutSeconds: 900, defaultModel: "opt" };
        assert.deepEqual(watchdog({ watchdog: {} }, answer), { model: "opt", idleSeconds: 60, stuckSeconds: 1800 });
        assert.equal(watchdog({ watchdog: { enabled: false } }), undefined);
        assert.equal(watchdog({ watchdog: { stuckSeconds: 700 } })?.stuckSeconds, 700);
    });
});

describe("a stack with alpa.watchdog", () => {
    const asked = { hosts: [HOST], restart: true, unit: "alpa.service" };
    const line = (stuck: number, more = "") =>
        `sh -s -- 10.0.0.11 alpa-auth/test install port=20001 idle=60 stuck=${stuck}${more}`;

    it("watches Alpa on its hosts, and restarts it only if configured: option intra-a", async () => {
        const run = async (watchdog: unknown) => {
            const settings = parse(raw(values(watchdog)));
            assert.ok(settings.option === "intra-a");
            return record(() => intra(settings), { "alpa-apisix-release": { status: { revision: 1 } } }, CALLS);
        };
        const { inputs } = one(await run({ hosts: [HOST] }), COMMAND, "alpa-watchdog-10.0.0.11");
        assert.equal(inputs.create, line(1200));
        const restarts = one(await run(asked), COMMAND, "alpa-watchdog-10.0.0.11");
        assert.equal(restarts.inputs.create, line(1200, " restart=alpa.service pause=3600"));
        for (const watchdog of [undefined, { ...asked, enabled: false }])
            assert.deepEqual(
                (await run(watchdog)).filter(({ type }) => type === COMMAND),
                [],
            );
    });

    it("does the same with options inter and cloudflare", async () => {
        const gateway = parseInter(
            interValues({ alpa: { endpoints: ENDPOINTS, watchdog: asked } }, { installer: "helm", crds: ["c"] }),
        );
        const seen = await record(() => inter(gateway), {}, CALLS);
        assert.match(one(seen, COMMAND, "alpa-watchdog-10.0.0.11").inputs.create as string, /restart=alpa\.service/);
        const edge = cloudflareStack({ alpa: { endpoints: ENDPOINTS, watchdog: { hosts: [HOST] } } });
        const others = await record(() => cloudflare(edge), {}, CALLS);
        assert.equal(one(others, COMMAND, "alpa-watchdog-10.0.0.11").inputs.create, line(250));
    });
});

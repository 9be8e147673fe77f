// Proves which configs of exposure direct are valid. The most important key is the certificate, which is validated before
// any request to a cluster.
import { strict as assert } from "node:assert";
import { parse } from "../../../../config";
import { certificate, privateKey, type Pair } from "../../../certificates";
import { EXPOSURE, parseIntra, raw } from "../../kit/intra-a";
import { itRefuses, problemsOf, type Refused } from "../refused";

const TODAY = new Date("2026-11-25T12:00:00Z");
const days = (n: number) => new Date(TODAY.getTime() + n * 86_400_000);
const azure = { hostname: "llm.example.com", addresses: ["20.50.2.10"] };
const consumers = [{ name: "lab", credentials: [{ id: "a", method: "key" }] }];

function problems(values: Record<string, unknown>, secret = true): string[] {
    return problemsOf(() => parse(raw({ consumers, ...values }), () => secret, TODAY));
}
const settings = (values: Record<string, unknown>) => parseIntra(raw({ consumers, ...values }), () => true, TODAY);

describe("config of exposure direct", () => {
    let root: Pair, middle: Pair, good: Pair, other: Pair, ending: Pair, early: Pair, short: Pair;
    const span = { notBefore: days(-10), notAfter: days(60) };
    const tls = (pair: Partial<Pair> = good, more: object = {}) => ({
        ...good,
        ...pair,
        ...more,
    });

    before(async () => {
        root = await certificate([], { ca: true, ...span });
        middle = await certificate(["middle"], { by: root, ca: true, ...span });
        const of = (more: object) => certificate(["llm.example.com"], { by: middle, ...span, ...more });
        [good, ending, early, short] = await Promise.all(
            [{}, { notAfter: days(20) }, { notBefore: days(2) }, { bits: 1024, by: undefined }].map(of),
        );
        other = await certificate(["other.example.com", "more.example.com"], span);
    });

    it("has no settings for the Azure side without a name, and callers use the node port", () => {
        const { azure: side, tls: served, gateway } = settings({});
        assert.equal(side, undefined);
        assert.equal(served, undefined);
        assert.equal(gateway.url, "http://10.0.0.11:30800");
    });
    it("outputs the record sets, the rules and the probe that the Azure side needs", () => {
        const { azure: side, gateway } = settings({
            azure: { ...azure, addresses: ["20.50.2.11", "2603:1000::1", "20.50.2.10"] },
            tls: tls(),
        });
        const rule = { protocol: "Tcp", idleTimeoutInMinutes: 11, enableTcpReset: true };
        assert.deepEqual(side, {
            dnsRecords: [
                { name: "llm.example.com", type: "A", values: ["20.50.2.10", "20.50.2.11"], ttl: 300 },
                { name: "llm.example.com", type: "AAAA", values: ["2603:1000::1"], ttl: 300 },
            ],
            loadBalancer: {
                rules: [
                    { ...rule, frontendPort: 443, backendPort: 30843 },
                    { ...rule, frontendPort: 80, backendPort: 30800 },
                ],
                healthProbe: { protocol: "Tcp", port: 30843, intervalInSeconds: 5, probeThreshold: 2 },
            },
        });
        assert.equal(gateway.url, "https://llm.example.com");
    });
    it("accepts a chain without its root, a self-signed certificate, and cert-manager's", () => {
        const chain = good.certificate + middle.certificate;
        assert.deepEqual(problems({ azure, tls: tls({ certificate: chain }) }), []);
        assert.deepEqual(problems({ azure: { ...azure, hostname: "more.example.com" }, tls: tls(other) }), []);
        const { tls: served } = settings({ azure, tls: { issuer: "letsencrypt" } });
        assert.deepEqual(served, {
            hostnames: ["llm.example.com"],
            redirect: true,
            source: { kind: "cert-manager", issuer: "letsencrypt" },
        });
    });

    const FILE = "tls.certificate";
    const refused: Refused<() => Record<string, unknown>>[] = [
        [
            "a certificate for another name",
            () => ({ azure, tls: tls(other) }),
            /^tls\.[a-z.]+: must be valid for llm\.example\.com \(it names other\.example\.com, more\.example\.com\)\./,
        ],
        [
            "a key of another certificate",
            () => ({ azure, tls: tls({ key: privateKey() }) }),
            /^tls\.key: must be the key of the first certificate\./,
        ],
        [
            "a key with a passphrase",
            () => ({ azure, tls: tls({ key: privateKey("swordfish") }) }),
            /key: must be a key without a passphrase/,
        ],
        [
            "a short key",
            () => ({ azure, tls: tls(short) }),
            /key: must have 2048 bits or more, since it is an RSA key \(got 1024\)/,
        ],
        [
            "a certificate that is not yet valid",
            () => ({ azure, tls: tls(early) }),
            /must be valid now \(it is valid from 2026-11-27\)/,
        ],
        [
            "a chain in the wrong order",
            () => ({ azure, tls: tls({ certificate: good.certificate + root.certificate + middle.certificate }) }),
            /number 2 did not issue number 1/,
            /number 3 did not issue number 2/,
        ],
        [
            "the CA certificate before the server's",
            () => ({ azure, tls: tls({ certificate: middle.certificate + good.certificate }) }),
            /number 2 did not issue number 1/,
            /must be valid for llm\.example\.com/,
            /must be the key of the first certificate/,
        ],
        [
            "both kinds of certificate, and none",
            () => ({ azure, tls: { hostnames: ["llm.example.com"], issuer: "a", certificate: good.certificate } }),
            /^tls: must have either certificate and key, or issuer\./,
        ],
        ["TLS without a name", () => ({ tls: tls() }), /^tls\.hostnames: required without azure\.hostname\./],
        [
            "names without that of callers",
            () => ({ azure, tls: tls(other, { hostnames: ["other.example.com"] }) }),
            /^tls\.hostnames: must include azure\.hostname, llm\.example\.com/,
        ],
        ["one port for both", () => ({ azure, tls: tls(good, { nodePort: 30800 }) }), /^tls\.nodePort: must differ/],
        [
            "TLS at another owner's gateway",
            () => ({
                tls: tls(),
                gateway: {
                    installer: "existing",
                    existing: { ingressClass: "a", gateway: "a/a", url: "http://a" },
                },
            }),
            /^tls: only valid for a gateway that this stack installs/,
        ],
        [
            "a name without addresses",
            () => ({ azure: { hostname: "LLM.example.com" } }),
            /^azure\.hostname: must be a lower-case host name/,
            /^azure\.addresses: required/,
        ],
        [
            "an address that is listed twice, which no DNS answer could equal",
            () => ({ azure: { ...azure, addresses: ["20.50.2.10", "2603:1000::1", "2603:1000:0::1", "20.50.2.10"] } }),
            /^azure\.addresses\[2\]: must be listed only once \(got "2603:1000:0::1", which is azure\.addresses\[1\] too\)/,
            /^azure\.addresses\[3\]: must be listed only once/,
        ],
        [
            "a second address for callers",
            () => ({ azure, gateway: { address: "10.0.0.1" } }),
            /^gateway\.address: must not be set with azure\.hostname/,
        ],
        [
            "an address for callers that is not among the certificate's names",
            () => ({ tls: tls(good, { hostnames: ["llm.example.com"] }), gateway: { address: "10.0.0.1" } }),
            /^gateway\.address: must not be set with tls/,
        ],
        [
            "both with exposure tunnel",
            () => ({ ...EXPOSURE, azure, tls: tls() }),
            /^azure: only valid with exposure direct/,
            /^tls: only valid with exposure direct/,
        ],
    ];
    itRefuses(refused, (values) => problems(values()));
    it("rejects a key in plain text", () => {
        const found = problems({ azure, tls: tls() }, false);
        assert.deepEqual(found.length, 1);
        assert.match(found[0], /^tls\.key: must be stored encrypted/);
    });

    const warned: [why: string, values: () => Record<string, unknown>, warning: RegExp][] = [
        ["that a certificate expires soon", () => ({ azure, tls: tls(ending) }), new RegExp(`^${FILE}: .* in 20 days`)],
        ["that others can read callers' keys without TLS", () => ({ azure }), /^azure: without tls/],
        [
            "that others can read callers' keys by HTTP in addition to TLS",
            () => ({ azure, tls: tls(good, { redirect: false }) }),
            /^tls\.redirect: false/,
        ],
        [
            "about answers that are longer than Azure's timeout",
            () => ({ azure, tls: tls(), alpa: { endpoints: ["10.0.0.11:20001"], answerTimeoutSeconds: 3000 } }),
            /^alpa\.answerTimeoutSeconds: 3000 s is longer than the/,
        ],
    ];
    for (const [why, values, warning] of warned)
        it(`warns ${why}`, () => {
            const { warnings } = settings(values());
            assert.equal(warnings.length, 1, warnings.join("\n"));
            assert.match(warnings[0], warning);
        });
});

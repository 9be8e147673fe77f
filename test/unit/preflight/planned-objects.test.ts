// Proves that the preflight checks cover exactly the objects that the program creates, for every option, every
// installer, and every part of the config that adds objects.
import { strict as assert } from "node:assert";
import { plannedObjects } from "../../../preflight/kubernetes/planned-objects";
import { inter } from "../../../stacks/inter";
import { intra } from "../../../stacks/intra";
import { certificate, type Pair } from "../../certificates";
import { record } from "../../kit";
import { CALLS } from "../kit/cloudflare";
import { exposedInterSettings, INTER_INSTALLERS, interSettings, interValues, parseInter } from "../kit/inter";
import { exposed, identities, identity, INSTALLERS, settings } from "../kit/intra-a";
import { intraBSettings, RAMPART_OPT } from "../kit/intra-b";

/** A dynamic resource of this project writes this object. It is not a resource of the Kubernetes provider. */
const RECORD = "v1 ConfigMap alpa-auth alpa-auth-conversion";
const FOUND = { "alpa-apisix-release": { status: { revision: 1 } } };
const azure = { hostname: "llm.example.com", addresses: ["20.50.2.10"] };
const ISSUER = { certificate: { certManager: { issuer: "internal", kind: "Issuer" } } };
const metrics = { enabled: true, podMonitor: true, scrapers: [{ namespace: "m", podLabels: { a: "b" } }] };

describe("planned objects are those of the program", () => {
    let pair: Pair;
    before(async () => (pair = await certificate(["llm.example.com"])));

    type Settings = ReturnType<typeof settings | typeof intraBSettings | typeof interSettings>;
    const cases: [what: string, settings: () => Settings, ...includes: string[]][] = [
        ...INSTALLERS.flatMap((installer): typeof cases => [
            [`intra-a, installer ${installer}`, () => settings(installer)],
            [`intra-a, installer ${installer}, in a tunnel`, () => settings(installer, exposed(installer))],
            [
                `intra-a, installer ${installer}, in a tunnel, with metrics`,
                () => settings(installer, exposed(installer, { observability: { metrics } })),
                "PodMonitor alpa-auth alpa-auth-cloudflared",
            ],
        ]),
        ...(["rampart", "helm"] as const).flatMap((installer): typeof cases => [
            [
                `intra-a, installer ${installer}, with metrics`,
                () => settings(installer, { observability: { metrics } }),
                "PodMonitor alpa-auth-gateway",
                "NetworkPolicy alpa-auth-gateway",
            ],
        ]),
        [
            "intra-a with a certificate",
            () => settings("helm", { azure, tls: { certificate: { files: pair } } }),
            "ApisixTls alpa-auth ",
            "Secret alpa-auth alpa-tls",
        ],
        [
            "intra-a with a certificate of cert-manager",
            () => settings("helm", { azure, tls: ISSUER }),
            "ApisixTls alpa-auth ",
            "Certificate alpa-auth alpa-tls",
        ],
        ["intra-b", () => intraBSettings(), RECORD],
        ["intra-b, installer helm", () => intraBSettings({ gateway: { installer: "helm", crds: ["a.yaml"] } }), RECORD],
        ["intra-b, shape rampart", () => intraBSettings({}, RAMPART_OPT), RECORD],
        ...INTER_INSTALLERS.flatMap((installer): typeof cases => [
            [`inter, installer ${installer}`, () => interSettings(installer)],
            [`inter, installer ${installer}, in a tunnel`, () => exposedInterSettings(installer)],
        ]),
        [
            "inter with TLS, whose settings file has another name",
            () => parseInter(interValues({ tls: { ...ISSUER, hostnames: ["a.example.com"] } }, { address: undefined })),
            "ConfigMap alpa-auth-gateway-apisix ",
        ],
    ];
    for (const [what, of, ...includes] of cases)
        it(what, async () => {
            const stack = of();
            const seen = await record(() => (stack.option === "inter" ? inter(stack) : intra(stack)), FOUND, CALLS);
            // Leaves out the patch of the Deployment, because the chart owns this object.
            const made = identities(seen.filter((r) => !r.type.endsWith(":DeploymentPatch")));
            const planned = plannedObjects(stack).map(identity);
            assert.deepEqual(planned.filter((one) => one !== RECORD).sort(), made.sort());
            for (const part of includes)
                assert.ok(
                    planned.some((one) => one.includes(part)),
                    planned.join("\n"),
                );
        });
});

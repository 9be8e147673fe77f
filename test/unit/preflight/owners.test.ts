// Proves that the preflight checks look at the owner of each namespace that the program creates and of each cluster-wide name,
// and that all other objects are in such a namespace or in one that Rampart creates.
import { strict as assert } from "node:assert";
import { titleOf } from "../../../components/kubernetes/cluster-reader";
import { ownedNames } from "../../../preflight/kubernetes/owners";
import { inter } from "../../../stacks/inter";
import { intra } from "../../../stacks/intra";
import { record } from "../../kit";
import { CALLS } from "../kit/cloudflare";
import { exposedInterSettings, INTER_INSTALLERS, type interSettings } from "../kit/inter";
import { exposed, INSTALLERS, kubernetesObjects, settings } from "../kit/intra-a";
import { intraBSettings, RAMPART_OPT } from "../kit/intra-b";

const RAMPART = "alpa-auth-gateway-apisix";
const FOUND = { "alpa-apisix-release": { status: { revision: 1 } } };
const azure = { hostname: "llm.example.com", addresses: ["20.50.2.10"] };
const ISSUER = { issuer: "internal" };
const metrics = { podMonitor: true, scrapers: [{ namespace: "m", podLabels: { a: "b" } }] };

const OPERATOR = { gateway: { installer: "helm", crds: ["a.yaml"] } };

describe("the owners that preflight checks", () => {
    type Settings = ReturnType<typeof settings | typeof intraBSettings | typeof interSettings>;
    const cases: [what: string, settings: () => Settings][] = [
        ...INSTALLERS.flatMap((installer): typeof cases => [
            [`intra-a, installer ${installer}`, () => settings(installer)],
            [
                `intra-a, installer ${installer}, in a tunnel, with metrics`,
                () => settings(installer, exposed(installer, { observability: { metrics } })),
            ],
        ]),
        ["intra-a with a certificate of cert-manager", () => settings("helm", { azure, tls: ISSUER })],
        ["intra-b", () => intraBSettings()],
        ["intra-b, installer helm", () => intraBSettings(OPERATOR)],
        ["intra-b, shape rampart", () => intraBSettings({}, RAMPART_OPT)],
        ...INTER_INSTALLERS.map((installer): (typeof cases)[number] => [
            `inter, installer ${installer}, in a tunnel`,
            () => exposedInterSettings(installer),
        ]),
    ];
    for (const [what, of] of cases)
        it(`cover every object of ${what}`, async () => {
            const stack = of();
            const seen = await record(() => (stack.option === "inter" ? inter(stack) : intra(stack)), FOUND, CALLS);
            const checked = ownedNames(stack).map(titleOf);
            const byRampart = stack.gateway.installer === "rampart" ? [`Namespace ${RAMPART}`] : [];
            const outside = kubernetesObjects(seen)
                // The chart owns the patched Deployment.
                .filter(({ type }) => !type.endsWith(":DeploymentPatch"))
                .map(({ inputs: { kind, metadata } }) =>
                    // The provider gives a GatewayClass a namespace, which Kubernetes ignores.
                    metadata.namespace === undefined || kind === "GatewayClass"
                        ? `${kind} ${metadata.name}`
                        : `Namespace ${metadata.namespace}`,
                );
            assert.deepEqual(
                [...new Set(outside)].filter((one) => ![...checked, ...byRampart].includes(one)),
                [],
            );
            const created = new Set(outside);
            assert.deepEqual(
                checked.filter((one) => !created.has(one)),
                [],
            );
        });
});

// Proves what TLS at the gateway asks of the cluster, in which order, and that its key shows nowhere.
import { strict as assert } from "node:assert";
import { releaseInstallation } from "../../../../components/parts/apisix-release";
import { apisixValues } from "../../../../components/parts/apisix-values";
import { judge } from "../../../../components/parts/readiness";
import { plannedObjects } from "../../../../preflight/planned";
import { certificate, type Pair } from "../../../certificates";
import { comesAfter, inputsOf, oneOfKind, plain, record, type Seen } from "../../../kit";
import { intra } from "../../../../stacks/intra";
import { kubernetesObjects, recordStack, settings } from "../../intra-a";
import { release } from "./release";

const azure = { hostname: "llm.example.com", addresses: ["20.50.2.10"] };

describe("GatewayTls", () => {
    let pair: Pair;
    let seen: Seen[];
    const values = (more: object = {}) => ({ azure, tls: { certificate: { files: pair }, ...more } });
    const accepted = (of: Seen[]) => of.find(({ name }) => name === "alpa-tls-accepted")!;

    before(async () => {
        pair = await certificate(["llm.example.com"]);
        seen = await recordStack("helm", values());
    });

    it("is a Secret with certificate and key, which is shown for the names of the config", () => {
        const secret = oneOfKind(seen, "Secret", "alpa-tls");
        assert.equal(secret.inputs.type, "kubernetes.io/tls");
        assert.deepEqual(plain(secret.inputs.stringData), { "tls.crt": pair.certificate, "tls.key": pair.key });
        assert.deepEqual(oneOfKind(seen, "ApisixTls").inputs.spec, {
            ingressClassName: "alpa-auth",
            hosts: ["llm.example.com"],
            secret: { name: "alpa-tls", namespace: "alpa-auth" },
        });
    });
    it("is served before anybody is sent to it", () => {
        const route = oneOfKind(seen, "ApisixRoute");
        assert.ok(comesAfter(seen, route, accepted(seen)));
        for (const { plugins } of route.inputs.spec.http) {
            assert.equal(plugins[0].name, "redirect");
            assert.equal(plugins[0].config._meta.priority, 23000);
        }
    });
    it("is waited for anew when the certificate is another", async () => {
        const renewed = await certificate(["llm.example.com"]);
        const again = await recordStack("helm", { azure, tls: { certificate: { files: renewed } } });
        assert.notEqual(accepted(again).inputs.uid, accepted(seen).inputs.uid);
    });
    it("can serve beside HTTP", async () => {
        const both = await recordStack("helm", values({ redirect: false }));
        assert.doesNotMatch(JSON.stringify(oneOfKind(both, "ApisixRoute").inputs), /redirect/);
    });
    it("lets callers reach its port, and only with it", async () => {
        const ports = (of: Seen[]) => oneOfKind(of, "NetworkPolicy", "alpa-auth-callers").inputs.spec.ingress[0].ports;
        assert.deepEqual(
            ports(seen).map(({ port }: { port: number }) => port),
            [9080, 9443],
        );
        assert.equal(ports(await recordStack("helm")).length, 1);
    });
    it("shows its key nowhere in plain", () => {
        for (const one of seen) assert.ok(!JSON.stringify(inputsOf(one)).includes("PRIVATE KEY"), one.name);
    });
    it("says to the checks beforehand what it is going to make", async () => {
        const key = (o: { kind: string; namespace?: string; name: string }) => `${o.kind} ${o.namespace}/${o.name}`;
        for (const source of [{ files: pair }, { certManager: { issuer: "letsencrypt" } }]) {
            const config = { azure, tls: { certificate: source } };
            const made = kubernetesObjects(await recordStack("helm", config)).map(({ inputs }) =>
                key({ kind: inputs.kind, ...inputs.metadata }),
            );
            const planned = plannedObjects(settings("helm", config)).map(key);
            assert.deepEqual(
                planned.filter((one) => /alpa-tls|ApisixTls/.test(one)).sort(),
                made.filter((one) => /alpa-tls|ApisixTls/.test(one)).sort(),
            );
        }
    });
    it("leaves the certificate to cert-manager where that is chosen, and waits for it", async () => {
        const issued = await recordStack("helm", {
            azure,
            tls: { certificate: { certManager: { issuer: "internal", kind: "Issuer" } } },
        });
        const wanted = oneOfKind(issued, "Certificate");
        assert.deepEqual(wanted.inputs.spec, {
            secretName: "alpa-tls",
            dnsNames: ["llm.example.com"],
            issuerRef: { group: "cert-manager.io", name: "internal", kind: "Issuer" },
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        });
        const waited = issued.find(({ name }) => name === "alpa-tls-issued")!;
        assert.ok(comesAfter(issued, oneOfKind(issued, "ApisixTls"), waited));
        assert.ok(!issued.some(({ inputs }) => inputs.kind === "Secret" && inputs.metadata.name === "alpa-tls"));
    });
    it("waits out what cert-manager has not done yet, for the present generation", () => {
        const until = { kind: "condition", type: "Ready", patient: true } as const;
        const look = (status: string, observedGeneration: number) =>
            judge(until, {
                metadata: { generation: 2 },
                status: {
                    conditions: [
                        { type: "Ready", status, reason: "DoesNotExist", message: "Issuing", observedGeneration },
                    ],
                },
            });
        assert.deepEqual(look("False", 2), { state: "waiting", why: "DoesNotExist: Issuing" });
        assert.equal(look("True", 1).state, "waiting");
        assert.deepEqual(look("True", 2), { state: "ready" });
    });
    it("has the chart serve TLS from the chosen version on, and redirect to the port that callers reach", () => {
        const { service, apisix } = apisixValues(
            { ...release, tls: { nodePort: 30843, minimumVersion: "1.3", publicPort: 443 } },
            "team-a",
            releaseInstallation("team-a"),
        ) as any;
        assert.equal(service.tls.nodePort, 30843);
        assert.deepEqual(apisix.ssl, { enabled: true, sslProtocols: "TLSv1.3" });
        assert.deepEqual(apisix.pluginAttrs, { redirect: { https_port: 443 } });
    });
    it("gives what the Azure side must hold as outputs, and nothing without a name", async () => {
        const outputs = async (more: Record<string, unknown>) => {
            let given: Record<string, unknown> = {};
            await record(() => (given = intra(settings("helm", more))));
            return Object.keys(given);
        };
        assert.ok((await outputs(values())).includes("dnsRecords"));
        assert.ok((await outputs(values())).includes("loadBalancer"));
        assert.ok(!(await outputs({})).some((key) => key === "dnsRecords" || key === "loadBalancer"));
    });
});

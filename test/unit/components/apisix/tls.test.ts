// Proves which Kubernetes objects TLS at the gateway creates, in which order, and that its private key appears nowhere.
import { strict as assert } from "node:assert";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { renderRoute } from "../../../../components/route/route-rules";
import { apisixValues } from "../../../../components/apisix/values";
import { renderProfile, TLS_CIPHERS } from "../../../../components/apisix/profile";
import type { AzureSide } from "../../../../components/cloudflare/azure-side";
import { networkPolicies } from "../../../../components/apisix/pod-objects";
import { judge } from "../../../../components/kubernetes/readiness";
import { tlsSecret } from "../../../../components/apisix/tls";
import { certificate, type Pair } from "../../../certificates";
import { comesAfter, inputsOf, oneOfKind, record, textsOf, type Seen } from "../../../kit";
import { intra } from "../../../../stacks/intra";
import { interValues, parseInter, recordInter } from "../../kit/inter";
import { recordStack, settings } from "../../kit/intra-a";
import { release } from "./release-fixture";

const azure = { hostname: "llm.example.com", addresses: ["20.50.2.10"] };

describe("GatewayTls", () => {
    let pair: Pair;
    let seen: Seen[], issued: Seen[];
    let outputs: Record<string, unknown>;
    const values = () => ({ azure, tls: pair });
    const ISSUED = { azure, tls: { issuer: "internal" } };
    const accepted = (of: Seen[]) => of.find(({ name }) => name === "alpa-tls-accepted")!;

    before(async () => {
        pair = await certificate(["llm.example.com"]);
        seen = await record(() => (outputs = intra(settings("helm", values()))));
        issued = await recordStack("helm", ISSUED);
    });

    it("is a Secret with certificate and key, which is served for the names of the config", () => {
        const secret = seen.find(({ name }) => name === "alpa-tls-secret")!;
        assert.equal(secret.inputs.type, "kubernetes.io/tls");
        assert.deepEqual(textsOf(secret), { "tls.crt": pair.certificate, "tls.key": pair.key });
        assert.deepEqual(oneOfKind(seen, "ApisixTls").inputs.spec, {
            ingressClassName: "alpa-auth",
            hosts: ["llm.example.com"],
            secret: { name: secret.inputs.metadata.name, namespace: "alpa-auth" },
        });
    });
    it("is served before HTTP redirects to HTTPS", () => {
        const route = oneOfKind(seen, "ApisixRoute");
        assert.ok(comesAfter(seen, route, accepted(seen)));
        for (const { plugins } of route.inputs.spec.http) {
            assert.equal(plugins[0].name, "redirect");
            assert.equal(plugins[0].config._meta.priority, 23000);
        }
    });
    it("is the same with option inter, in the settings file too", async () => {
        const inter = await recordInter(
            parseInter(interValues(values(), { installer: "helm", crds: ["crds.yaml"], address: undefined })),
        );
        assert.ok(comesAfter(inter, oneOfKind(inter, "ApisixRoute"), accepted(inter)));
        const profile = inter.find(({ inputs }) => inputs.kind === "ConfigMap")!;
        assert.match(
            Object.values(profile.inputs.data as Record<string, string>)[0],
            /ssl_protocols: TLSv1\.2 TLSv1\.3/,
        );
        assert.match(JSON.stringify(inter.map((one) => inputsOf(one))), new RegExp(profile.inputs.metadata.name));
    });
    it("has a Secret of another name for another certificate, so that the old one is deleted last", () => {
        const name = (certificate: string) => tlsSecret({ kind: "files", certificate, key: pulumi.secret("") });
        assert.equal(oneOfKind(seen, "ApisixTls").inputs.spec.secret.name, name(pair.certificate));
        assert.match(name(pair.certificate), /^alpa-tls-[0-9a-f]{10}$/);
        assert.notEqual(name(`${pair.certificate} `), name(pair.certificate));
    });
    it("sends HSTS in every answer by TLS and in no other", () => {
        const base = { namespace: "a", ingressClassName: "a", answerTimeoutSeconds: 1, ownGateway: true };
        const guard = { maxBodyBytes: 1, contextTokens: 1, vocabulary: 1, maxPrompts: 1, defaultModel: "default" };
        const said = (more: object) =>
            renderRoute({ ...base, guard, ...more }).http.map(({ plugins }) =>
                /ngx\.var\.scheme == \\"https\\" then\\n +ngx\.header\[\\"Strict-Transport-Security\\"\] = \\"max-age=\d+\\"/.test(
                    JSON.stringify(plugins),
                ),
            );
        assert.deepEqual(said({ tls: { redirect: true } }), [true, true, true, true, true]);
        assert.deepEqual(said({}), [false, false, false, false, false]);
    });
    it("can be served in addition to HTTP", () => {
        const base = { namespace: "a", ingressClassName: "a", answerTimeoutSeconds: 1, ownGateway: true };
        const guard = { maxBodyBytes: 1, contextTokens: 1, vocabulary: 1, maxPrompts: 1, defaultModel: "default" };
        assert.doesNotMatch(JSON.stringify(renderRoute({ ...base, guard, tls: { redirect: false } })), /redirect/);
    });
    it("opens its port to callers, and only then", async () => {
        const ports = (of: Seen[]) => oneOfKind(of, "NetworkPolicy", "alpa-auth-apisix").inputs.spec.ingress[0].ports;
        assert.deepEqual(
            ports(seen).map(({ port }: { port: number }) => port),
            [9080, 9443],
        );
        const without = await record(() => networkPolicies("alpa", { namespace: "gateway" }, {}));
        assert.equal(ports(without).length, 1);
    });
    it("shows its key nowhere in plain text", () => {
        for (const one of seen)
            for (const text of ["PRIVATE KEY", Buffer.from(pair.key).toString("base64")])
                assert.ok(!JSON.stringify(inputsOf(one)).includes(text), one.name);
    });
    it("leaves the certificate to cert-manager where the config says so, and waits for the certificate", () => {
        const wanted = oneOfKind(issued, "Certificate");
        assert.deepEqual(wanted.inputs.spec, {
            secretName: "alpa-tls",
            dnsNames: ["llm.example.com"],
            issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: "internal" },
            privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
        });
        const waited = issued.find(({ name }) => name === "alpa-tls-issued")!;
        assert.equal(waited.inputs.until.patient, true);
        assert.ok(comesAfter(issued, oneOfKind(issued, "ApisixTls"), waited));
        assert.ok(
            !issued.some(({ inputs }) => inputs.kind === "Secret" && inputs.metadata.name.startsWith("alpa-tls")),
        );
    });
    it("waits until cert-manager has issued the certificate of the current generation", () => {
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
    it("has the chart open its port", () => {
        const tls = { nodePort: 30843, publicPort: 8443 };
        const { service, apisix } = apisixValues({ ...release, tls }, "team-a") as any;
        assert.deepEqual([service.tls.nodePort, apisix.ssl], [30843, { enabled: true }]);
    });
    it("offers no cipher without forward secrecy or authenticated encryption, for example AES128-SHA", () => {
        const [ours, chart] = [TLS_CIPHERS, "ECDHE-RSA-AES128-SHA256:AES128-GCM-SHA256:AES128-SHA"];
        const weak = (list: string) =>
            list.split(":").filter((cipher) => !/^ECDHE-.*(GCM-SHA\d+|POLY1305)$/.test(cipher)).length;
        assert.deepEqual([weak(ours), weak(chart)], [0, 3]);
    });
    for (const [cipher, spoken] of [
        ["ECDHE-ECDSA-AES128-GCM-SHA256", true],
        ["ECDHE-ECDSA-CHACHA20-POLY1305", true],
        ["ECDHE-ECDSA-AES256-SHA", false],
    ] as const)
        it(`${spoken ? "accepts" : "rejects"} a caller that offers only ${cipher}`, async () => {
            const server = createServer({ cert: pair.certificate, key: pair.key, ciphers: TLS_CIPHERS });
            await once(server.listen(0, "127.0.0.1"), "listening");
            const { port } = server.address() as AddressInfo;
            const options = { ca: pair.certificate, ciphers: cipher, maxVersion: "TLSv1.2" } as const;
            const socket = connect({ ...options, port, host: "127.0.0.1", servername: azure.hostname });
            const outcome = await Promise.race([
                once(socket, "secureConnect").then(() => socket.getCipher().name),
                new Promise((resolve) => socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code))),
            ]);
            socket.destroy();
            server.close();
            // The text before ALERT_HANDSHAKE_FAILURE depends on the version of OpenSSL.
            assert.match(String(outcome), spoken ? new RegExp(`^${cipher}$`) : /^ERR_SSL_.*ALERT_HANDSHAKE_FAILURE$/);
        });
    it("is served from TLS 1.2 on, and redirects to the port that callers use", () => {
        const file = (more: object) => parse(renderProfile(more, "team-a")) as any;
        const { apisix, plugin_attr: attributes } = file({ tls: { publicPort: 8443 } });
        assert.deepEqual(apisix.ssl, {
            enable: true,
            listen: [{ port: 9443 }],
            ssl_protocols: "TLSv1.2 TLSv1.3",
            ssl_ciphers: TLS_CIPHERS,
        });
        assert.deepEqual(attributes, { redirect: { https_port: 8443 } });
        assert.deepEqual(file({}).apisix.ssl, { enable: false });
    });
    it("outputs what the Azure side needs, and nothing without a name", () => {
        const { dnsRecords, loadBalancer } = outputs as unknown as AzureSide;
        assert.deepEqual(dnsRecords[0].values, azure.addresses);
        assert.equal(loadBalancer.healthProbe.protocol, "Tcp");
        assert.equal(settings("helm").azure, undefined);
    });
});

// Proves how cert-manager handles this project's Certificate on a real API server. cert-manager is an emulator, or the
// real controller with its own CRDs if ALPA_AUTH_REAL names it.
import { strict as assert } from "node:assert";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { KubeConfig, type V1Secret } from "@kubernetes/client-node";
import { startCertManager, type CertManager } from "../../../sandbox/cert-manager";
import { startControlPlane, type ControlPlane } from "../../../sandbox/control-plane";
import { startGuard, type Guard } from "../../../sandbox/processes";
import { Rest } from "../../../sandbox/rampart/kubernetes/rest";
import { partsOfEnvironment } from "../../../sandbox/real/choice";
import { ensureTools } from "../../../sandbox/toolchain/toolchain";
import { eventually, TOOLS_MILLISECONDS } from "../kit/stack";

const NAMESPACE = "llm";
const GROUP = "/apis/cert-manager.io/v1";
const ISSUERS = `${GROUP}/clusterissuers`;
const CERTIFICATES = `${GROUP}/namespaces/${NAMESPACE}/certificates`;
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const NAMES = ["b.example.com", "a.example.com"];
const DAY_MS = 86_400_000;

interface Condition {
    type: string;
    status: string;
    reason: string;
    message: string;
    observedGeneration: number;
}
interface Certificate {
    metadata: { generation: number };
    status?: {
        conditions?: Condition[];
        revision?: number;
        notBefore?: string;
        notAfter?: string;
        renewalTime?: string;
    };
}

/** Polls until the value is as wanted. The error of a timeout contains the last value. */
async function eventuallyEqual(wanted: unknown, read: () => Promise<unknown>): Promise<void> {
    let last: unknown;
    const look = async () => isDeepStrictEqual((last = await read()), wanted) || undefined;
    await eventually(() => `${JSON.stringify(wanted)} (last: ${JSON.stringify(last)})`, look, 60);
}

describe("cert-manager", function () {
    this.timeout(TOOLS_MILLISECONDS); // If the tool cache is empty, the sandbox builds its tools first.
    let dir: string;
    let plane: ControlPlane;
    let guard: Guard;
    let rest: Rest;
    let manager: CertManager;

    before(async () => {
        const names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"] as const;
        const tools = await ensureTools(names, { log: (line) => console.log(`    ${line}`) });
        dir = mkdtempSync(join(tmpdir(), "alpa-auth-cert-manager-"));
        guard = await startGuard({ stateDir: dir, sandboxId: "cert-manager" });
        plane = await startControlPlane({ tools, stateDir: dir, fresh: true });
        const kubeConfig = new KubeConfig();
        kubeConfig.loadFromFile(plane.kubeconfigPath);
        rest = new Rest(kubeConfig);
        const log = (line: string) => console.log(`    ${line}`);
        const found = partsOfEnvironment()["cert-manager"];
        const ground = { stateDir: dir, env: process.env, log };
        const real = found && { found, ground, kubeconfigPath: plane.kubeconfigPath };
        manager = await startCertManager({ kubeConfig, issuer: "internal", real, log });
        await rest.call("POST", "/api/v1/namespaces", {
            apiVersion: "v1",
            kind: "Namespace",
            metadata: { name: NAMESPACE },
        });
    });
    after(async () => {
        await manager?.close();
        await plane?.close();
        await guard?.stop();
        rmSync(dir, { recursive: true, force: true });
    });

    const spec = (dnsNames: string[], issuer: string) => ({
        secretName: "alpa-tls",
        dnsNames,
        issuerRef: { group: "cert-manager.io", kind: "ClusterIssuer", name: issuer },
        privateKey: { algorithm: "ECDSA", size: 256, rotationPolicy: "Always" },
    });
    const create = (dnsNames: string[], issuer: string, name = "alpa-tls") =>
        rest.call("POST", CERTIFICATES, {
            apiVersion: "cert-manager.io/v1",
            kind: "Certificate",
            metadata: { name, namespace: NAMESPACE },
            spec: spec(dnsNames, issuer),
        });
    const change = (dnsNames: string[], issuer: string) =>
        rest.call("PATCH", `${CERTIFICATES}/alpa-tls`, { spec: spec(dnsNames, issuer) });
    /** An issuer with the certificate authority of `internal`. */
    const createIssuer = (name: string) =>
        rest.call("POST", ISSUERS, {
            apiVersion: "cert-manager.io/v1",
            kind: "ClusterIssuer",
            metadata: { name },
            spec: { ca: { secretName: "internal" } },
        });
    const read = (name = "alpa-tls") => rest.call<Certificate>("GET", `${CERTIFICATES}/${name}`);
    const secret = () => rest.call<V1Secret>("GET", `${SECRETS}/alpa-tls`);
    const shown = ({ data }: V1Secret) => new X509Certificate(Buffer.from(data!["tls.crt"], "base64"));
    const serial = async () => shown(await secret()).serialNumber;
    const says = (wanted: string[][], name?: string) =>
        eventuallyEqual(wanted, async () => {
            const { metadata, status } = await read(name);
            return (status?.conditions ?? [])
                .filter((one) => one.observedGeneration === metadata.generation)
                .map((one) => [one.type, one.status, one.reason, one.message])
                .sort(([a], [b]) => a.localeCompare(b));
        });
    const isReady = () => says([["Ready", "True", "Ready", "Certificate is up to date and has not expired"]]);
    const waits = (reason: string, message: string, name?: string) => {
        const wanted = [
            ["Issuing", "True", reason, message],
            ["Ready", "False", reason, message],
        ];
        return says(wanted, name);
    };

    it("waits for a missing issuer, and issues when the issuer exists", async () => {
        await create(NAMES, "later");
        await waits("DoesNotExist", "Issuing certificate as Secret does not exist");
        await createIssuer("later");
        await isReady();
    });

    it("writes the Secret as its consumers expect, with annotations about the certificate", async () => {
        const { type, metadata, data } = await secret();
        assert.equal(type, "kubernetes.io/tls");
        assert.deepEqual(Object.keys(data!).sort(), ["ca.crt", "tls.crt", "tls.key"]);
        assert.equal(Buffer.from(data!["ca.crt"], "base64").toString().trim(), manager.authority.trim());
        assert.deepEqual(metadata!.labels, { "controller.cert-manager.io/fao": "true" });
        assert.deepEqual(metadata!.annotations, {
            "cert-manager.io/alt-names": NAMES.join(","),
            "cert-manager.io/certificate-name": "alpa-tls",
            "cert-manager.io/common-name": "",
            "cert-manager.io/ip-sans": "",
            "cert-manager.io/issuer-group": "cert-manager.io",
            "cert-manager.io/issuer-kind": "ClusterIssuer",
            "cert-manager.io/issuer-name": "later",
            "cert-manager.io/uri-sans": "",
        });
        const { status } = await read();
        const [notBefore, notAfter] = [status!.notBefore!, status!.notAfter!].map((text) => Date.parse(text));
        assert.equal(notAfter - notBefore, 90 * DAY_MS);
        assert.equal(Date.parse(status!.renewalTime!) - notBefore, 60 * DAY_MS);
        assert.equal(status!.revision, 1);
    });

    it("has the issuer's certificate authority sign a certificate for exactly the DNS names", async () => {
        const certificate = shown(await secret());
        assert.ok(certificate.verify(new X509Certificate(manager.authority).publicKey));
        assert.equal(certificate.subjectAltName, NAMES.map((name) => `DNS:${name}`).join(", "));
        // Without a subject, Node.js 20 returns undefined and Node.js 22 an empty string.
        assert.equal(certificate.subject ?? "", "");
        assert.equal(certificate.ca, false);
        assert.equal(certificate.publicKey.asymmetricKeyDetails!.namedCurve, "prime256v1");
    });

    it("replaces the certificate when the issuer changes, and is not ready until the new issuer exists", async () => {
        const before = await serial();
        await change(NAMES, "third");
        const issuer = '"ClusterIssuer.cert-manager.io/later"';
        await waits("IncorrectIssuer", `Issuing certificate as Secret was previously issued by ${issuer}`);
        assert.equal(await serial(), before);
        await createIssuer("third");
        await isReady();
        assert.notEqual(await serial(), before);
        assert.equal((await read()).status!.revision, 2);
    });

    it("replaces the certificate when the DNS names change, and is not ready until then", async () => {
        await rest.call("DELETE", `${ISSUERS}/third`);
        await change(["c.example.com"], "third");
        await waits("RequestChanged", "Fields on existing CertificateRequest resource not up to date: [spec.dnsNames]");
        await createIssuer("third");
        await isReady();
        assert.equal(shown(await secret()).subjectAltName, "DNS:c.example.com");
    });

    it("renews on request with a new key", async () => {
        const before = await secret();
        await manager.renew(NAMESPACE, "alpa-tls");
        await eventuallyEqual(4, async () => (await read()).status!.revision);
        await isReady();
        const after = await secret();
        for (const key of ["tls.crt", "tls.key"]) assert.notEqual(after.data![key], before.data![key]);
    });

    it("issues again when the Secret is deleted", async () => {
        const before = await serial();
        await rest.call("DELETE", `${SECRETS}/alpa-tls`);
        const after = await eventually("the Secret", async () => await rest.find<V1Secret>(`${SECRETS}/alpa-tls`));
        assert.notEqual(shown(after).serialNumber, before);
        await isReady();
    });

    it("leaves the Secret when the Certificate is deleted, and reuses it for the next Certificate of that name", async () => {
        const before = await serial();
        await rest.call("DELETE", `${CERTIFICATES}/alpa-tls`);
        assert.equal(await serial(), before);
        await create(["c.example.com"], "third");
        await isReady();
        assert.equal(await serial(), before);
        assert.equal(Date.parse((await read()).status!.notAfter!), Date.parse(shown(await secret()).validTo));
    });

    it("replaces a reused Secret when the names differ, or when it belonged to another Certificate", async () => {
        await rest.call("DELETE", `${ISSUERS}/third`);
        await rest.call("DELETE", `${CERTIFICATES}/alpa-tls`);
        await create(["d.example.com"], "third");
        const mismatch = "Issuing certificate as Existing issued Secret is not up to date for spec: [spec.dnsNames]";
        await waits("SecretMismatch", mismatch);
        await rest.call("DELETE", `${CERTIFICATES}/alpa-tls`);
        await create(["c.example.com"], "third", "other");
        const conflict =
            "If this message is not transient, you might have two conflicting Certificates pointing to the same secret.";
        await waits("IncorrectCertificate", `Secret was issued for "alpa-tls". ${conflict}`, "other");
        await createIssuer("third");
        await eventuallyEqual(
            "other",
            async () => (await secret()).metadata!.annotations!["cert-manager.io/certificate-name"],
        );
    });
});

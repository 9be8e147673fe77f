/**
 * Certificates of the control plane: one CA for the API server and its clients, and another CA for etcd, so that clients of the
 * API server cannot connect to etcd. Only this user can read the key files, and no key is a command-line argument.
 */
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";
import { writeSecret } from "./secret-file";

/** Lifetime of a certificate, in days. After that time a sandbox must be re-created. */
const DAYS = 3650;

interface KeyPair {
    /** Certificate in PEM form. */
    cert: string;
    /** Private key in PEM form, a secret. */
    key: string;
}

/** Identity of a client as Kubernetes reads it from a certificate: common name and organizations. */
export interface Identity {
    user: string;
    groups?: string[];
}

export interface Pki {
    /** Certificate of the CA that signed the certificates of the API server and of its clients, in PEM form. */
    caCert: string;
    files: {
        ca: string;
        serving: { cert: string; key: string };
        etcdCa: string;
        etcd: { cert: string; key: string };
        serviceAccounts: { publicKey: string; privateKey: string };
        /** Client certificate of kube-apiserver for the service proxy. */
        egress: { cert: string; key: string };
    };
    /** Creates a certificate for another client. */
    client(identity: Identity): Promise<KeyPair>;
}

/**
 * Names and addresses of the API server. The last address belongs to the Service `kubernetes`: the first of the Service range.
 */
const SERVING_NAMES = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
const SERVING_ADDRESSES = ["127.0.0.1", "10.152.183.1"];

/** Creates a PKI in an empty `folder`. */
export async function makePki(folder: string): Promise<Pki> {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = (name: string, text: string) => {
        const path = join(folder, name);
        writeSecret(path, text);
        return path;
    };
    const pair = (name: string, { cert, key }: KeyPair) => ({
        cert: file(`${name}.crt`, cert),
        key: file(`${name}.key`, key),
    });
    const ca = await authority("alpa-auth sandbox");
    const etcdCa = await authority("alpa-auth sandbox etcd");
    const accounts = generateKeyPairSync("ec", {
        namedCurve: "P-256",
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "sec1", format: "pem" },
    });
    return {
        caCert: ca.cert,
        files: {
            ca: file("ca.crt", ca.cert),
            etcdCa: file("etcd-ca.crt", etcdCa.cert),
            serving: pair("serving", await sign(ca, { user: "kube-apiserver" }, { server: true })),
            // etcd uses this certificate as server and as client; the API server uses it as a client of etcd.
            etcd: pair("etcd", await sign(etcdCa, { user: "etcd" }, { server: true, client: true })),
            egress: pair("egress", await sign(etcdCa, { user: "kube-apiserver" }, { client: true })),
            serviceAccounts: {
                publicKey: file("service-accounts.pub", accounts.publicKey),
                privateKey: file("service-accounts.key", accounts.privateKey),
            },
        },
        client: (identity) => sign(ca, identity, { client: true }),
    };
}

const common = { keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;

function until(): Date {
    return new Date(Date.now() + DAYS * 86_400_000);
}

/** Validity starts an hour ago, because the clock of a laptop may be behind when the laptop has just woken up. */
function since(): Date {
    return new Date(Date.now() - 3_600_000);
}

async function authority(name: string): Promise<KeyPair> {
    const made = await generate([{ name: "commonName", value: name }], {
        ...common,
        notBeforeDate: since(),
        notAfterDate: until(),
        extensions: [
            { name: "basicConstraints", cA: true, critical: true },
            { name: "keyUsage", keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
        ],
    });
    return { cert: made.cert, key: made.private };
}

async function sign(ca: KeyPair, who: Identity, use: { server?: boolean; client?: boolean }): Promise<KeyPair> {
    const groups = (who.groups ?? []).map((value) => ({ name: "organizationName", value }));
    const made = await generate([{ name: "commonName", value: who.user }, ...groups], {
        ...common,
        ca,
        notBeforeDate: since(),
        notAfterDate: until(),
        extensions: [
            { name: "basicConstraints", cA: false, critical: true },
            { name: "keyUsage", digitalSignature: true, keyEncipherment: true, critical: true },
            { name: "extKeyUsage", serverAuth: use.server ?? false, clientAuth: use.client ?? false },
            ...(use.server
                ? [
                      {
                          name: "subjectAltName" as const,
                          altNames: [
                              ...SERVING_NAMES.map((value) => ({ type: 2 as const, value })),
                              ...SERVING_ADDRESSES.map((ip) => ({ type: 7 as const, ip })),
                          ],
                      },
                  ]
                : []),
        ],
    });
    return { cert: made.cert, key: made.private };
}

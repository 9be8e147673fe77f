/** Certificates for tests: a CA and certificates that it signs, created with the library of the sandbox's API server. */
import { generateKeyPairSync } from "node:crypto";
import { generate } from "selfsigned";

export interface Pair {
    certificate: string;
    key: string;
}

const DAY_MS = 86_400_000;

export interface Wanted {
    /** CA that signs the certificate. Default: the certificate is self-signed. */
    by?: Pair;
    ca?: boolean;
    notBefore?: Date;
    notAfter?: Date;
    bits?: number;
}

export async function certificate(names: string[], wanted: Wanted = {}): Promise<Pair> {
    const { by, ca = false, notBefore = new Date(Date.now() - DAY_MS), bits } = wanted;
    const notAfter = wanted.notAfter ?? new Date(Date.now() + 90 * DAY_MS);
    const altNames = names.map((value) => ({ type: 2 as const, value }));
    const { cert, private: key } = await generate([{ name: "commonName", value: names[0] ?? "test" }], {
        algorithm: "sha256",
        notBeforeDate: notBefore,
        notAfterDate: notAfter,
        ...(bits === undefined ? { keyType: "ec", curve: "P-256" } : { keyType: "rsa", keySize: bits }),
        extensions: [
            { name: "basicConstraints", cA: ca, critical: true },
            ...(altNames.length > 0 ? [{ name: "subjectAltName" as const, altNames }] : []),
        ],
        ...(by === undefined ? {} : { ca: { cert: by.certificate, key: by.key } }),
    } as Parameters<typeof generate>[1]);
    return { certificate: cert, key };
}

/** Creates a private key without a certificate. @param passphrase encrypts the key. @default not encrypted */
export function privateKey(passphrase?: string): string {
    const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const sealed = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
    return key.export({ type: "pkcs8", format: "pem", ...sealed }) as string;
}

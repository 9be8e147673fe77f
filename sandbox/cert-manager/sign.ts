/** Creates the CA of a `ca` issuer, and the certificates that it signs. */
import { createPrivateKey } from "node:crypto";
import { generate } from "selfsigned";

const DAY_MS = 86_400_000;
/** Lifetime of a certificate, in days: cert-manager's default. */
const DAYS = 90;

export interface Pair {
    certificate: string;
    key: string;
}

export function makeAuthority(name: string): Promise<Pair> {
    return make(name, [], { days: 3650 });
}

/** Creates a key and a certificate for it, signed by the CA `by`. All names are subject alternative names. */
export function sign(dnsNames: string[], by: Pair): Promise<Pair> {
    return make(undefined, dnsNames, { by, days: DAYS });
}

async function make(
    commonName: string | undefined,
    dnsNames: string[],
    { by, days }: { by?: Pair; days: number },
): Promise<Pair> {
    // Times in a certificate are whole seconds.
    const notBefore = new Date(Math.floor(Date.now() / 1000) * 1000);
    const subject = commonName === undefined ? [] : [{ name: "commonName", value: commonName }];
    const { cert, private: key } = await generate(subject, {
        algorithm: "sha256",
        keyType: "ec",
        curve: "P-256",
        notBeforeDate: notBefore,
        notAfterDate: new Date(notBefore.getTime() + days * DAY_MS),
        extensions: [
            { name: "basicConstraints", cA: by === undefined, critical: true },
            ...(dnsNames.length > 0
                ? [
                      {
                          name: "subjectAltName" as const,
                          altNames: dnsNames.map((value) => ({ type: 2 as const, value })),
                      },
                  ]
                : []),
        ],
        ...(by === undefined ? {} : { ca: { cert: by.certificate, key: by.key } }),
    } as Parameters<typeof generate>[1]);
    // cert-manager's default encoding is called PKCS1. For an ECDSA key it is SEC 1.
    return { certificate: cert, key: createPrivateKey(key).export({ type: "sec1", format: "pem" }) as string };
}

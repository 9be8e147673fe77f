/** Creates the self-signed certificate of the edge, which clients must be configured to trust. */
import { generate } from "selfsigned";

export interface Certificate {
    /** Certificate and private key in PEM form. */
    cert: string;
    key: string;
}

export async function createCertificate(names: [string, ...string[]]): Promise<Certificate> {
    const { cert, private: key } = await generate([{ name: "commonName", value: names[0] }], {
        keyType: "ec",
        curve: "P-256",
        algorithm: "sha256",
        extensions: [{ name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) }],
    });
    return { cert, key };
}

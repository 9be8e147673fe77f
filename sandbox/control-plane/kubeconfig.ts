/** The text of a kubeconfig file. Pure. */
import { stringify } from "yaml";

interface KubeconfigArgs {
    /** https://127.0.0.1:<port> */
    server: string;
    /** PEM of the authority that signed the server certificate. */
    caCert: string;
    /** Name of the user entry. */
    user: string;
    credential: { cert: string; key: string } | { token: string };
    /**
     * Names of the contexts. All are for the same cluster, so that a stack's own context name works unchanged.
     * @default one, "sandbox"
     */
    contexts?: string[];
    /** @default the server's "default" */
    namespace?: string;
}

export function kubeconfig(args: KubeconfigArgs): string {
    const contexts = args.contexts ?? ["sandbox"];
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    return stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [
            {
                name: "sandbox",
                cluster: { server: args.server, "certificate-authority-data": base64(args.caCert) },
            },
        ],
        users: [
            {
                name: args.user,
                user:
                    "token" in args.credential
                        ? { token: args.credential.token }
                        : {
                              "client-certificate-data": base64(args.credential.cert),
                              "client-key-data": base64(args.credential.key),
                          },
            },
        ],
        contexts: contexts.map((name) => ({
            name,
            context: {
                cluster: "sandbox",
                user: args.user,
                ...(args.namespace ? { namespace: args.namespace } : {}),
            },
        })),
        "current-context": contexts[0],
    });
}

/** Creates the text of a kubeconfig file. Pure. */
import { stringify } from "yaml";

interface KubeconfigArgs {
    /** URL of the API server: https://127.0.0.1:<port> */
    server: string;
    /** Certificate of the CA that signed the server's certificate, in PEM form. */
    caCert: string;
    /** Name of the user entry. */
    user: string;
    credential: { cert: string; key: string } | { token: string };
    /**
     * Names of the contexts. All refer to the same cluster, so that the context name in a stack file works unchanged.
     * @default ["sandbox"]
     */
    contexts?: string[];
    /** Namespace of the contexts. @default unset, which means the namespace "default" */
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

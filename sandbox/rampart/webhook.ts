/** Rampart's admission webhook: an HTTPS server that the API server calls for each created or changed RampartGraph. */
import { createServer } from "node:https";
import { json } from "node:stream/consumers";
import { generate } from "selfsigned";
import { GRAPHS, type GraphObject, problemsOf } from "./graph.js";
import type { Rest } from "./kubernetes/rest.js";
import { listen } from "../processes/listen";

interface Review {
    request: { uid: string; name: string; namespace: string; object: GraphObject };
}

/** The API server often waits about 5 s between two calls, which is the default of Node.js. */
const KEEP_ALIVE_MS = 75_000;

/** Starts the webhook, and registers it with the API server. */
export async function startWebhook(rest: Rest): Promise<{ close(): Promise<void> }> {
    const pair = await generate([{ name: "commonName", value: "rampart-validator" }], {
        keyType: "ec",
        algorithm: "sha256",
        extensions: [
            { name: "basicConstraints", cA: true, critical: true },
            { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
            { name: "extKeyUsage", serverAuth: true },
            { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] },
        ],
    });
    const server = createServer({ key: pair.private, cert: pair.cert }, (request, response) => {
        json(request)
            .then((body) => review(rest, body as Review))
            .then((result) => response.setHeader("content-type", "application/json").end(JSON.stringify(result)))
            .catch((error: Error) => response.writeHead(500).end(error.message));
    });
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    const { port, close } = await listen(server);
    const configuration = registration(`https://127.0.0.1:${port}/validate`, Buffer.from(pair.cert).toString("base64"));
    const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    await rest.apply(`${path}/${configuration.metadata.name}`, configuration);
    return { close };
}

async function review(rest: Rest, { request }: Review): Promise<object> {
    const { uid, name, namespace, object } = request;
    const metadata = { ...object.metadata, name, namespace };
    // A graph that is being deleted is always accepted: otherwise an invalid graph could not be deleted.
    const message = metadata.deletionTimestamp
        ? ""
        : problemsOf({ ...object, metadata }, await namesOf(rest), await graphsOf(rest));
    const denied = message === "" ? {} : { status: { code: 403, message } };
    return {
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: { uid, allowed: message === "", ...denied },
    };
}

async function namesOf(rest: Rest): Promise<string[]> {
    const { items } = await rest.call<{ items: { metadata: { name: string } }[] }>("GET", "/api/v1/namespaces");
    return items.map(({ metadata }) => metadata.name);
}

async function graphsOf(rest: Rest): Promise<GraphObject[]> {
    return (await rest.call<{ items: GraphObject[] }>("GET", GRAPHS)).items;
}

function registration(url: string, caBundle: string) {
    const [, , group, version] = GRAPHS.split("/");
    return {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name: "rampart-validator" },
        webhooks: [
            {
                name: "validator.rampart.petuum.com",
                clientConfig: { url, caBundle },
                rules: [
                    {
                        apiGroups: [group],
                        apiVersions: [version],
                        operations: ["CREATE", "UPDATE"],
                        resources: ["rampartgraphs"],
                    },
                ],
                failurePolicy: "Fail",
                sideEffects: "None",
                admissionReviewVersions: ["v1"],
                timeoutSeconds: 30,
            },
        ],
    };
}

// Proves the webhook's answers to the API server over TLS, and the conversion of old graphs.
import { KubeConfig } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { request } from "node:https";
import { crds, webhookConfiguration } from "../../rampart/kubernetes/crds.js";
import { convert, startWebhook, type Webhook } from "../../rampart/webhook.js";
import { component, graphOf } from "./kit/memory-cluster.js";

describe("Rampart webhook server", () => {
    let webhook: Webhook;
    before(async () => {
        const readWorld = async () => ({ namespaces: ["default"], graphs: [] });
        webhook = await startWebhook({ kubeConfig: new KubeConfig(), readWorld });
    });
    after(() => webhook.close());

    function post(path: string, body: object, method = "POST"): Promise<{ status: number; text: string }> {
        return new Promise((resolve, reject) => {
            const ca = Buffer.from(webhook.caBundle, "base64");
            const url = `https://127.0.0.1:${webhook.port}${path}`;
            const sent = request(url, { method, ca }, (answer) => {
                let text = "";
                answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
                answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
            });
            sent.on("error", reject).end(JSON.stringify(body));
        });
    }

    const review = (object: object, more: object = {}) => ({
        request: { uid: "1", name: "g", namespace: "default", operation: "CREATE", object, ...more },
    });

    it("is trusted with its caBundle, and allows a valid graph", async () => {
        const { status, text } = await post("/validate?timeout=30s", review(graphOf("g", { svc: component() })));
        assert.equal(status, 200);
        assert.deepEqual(JSON.parse(text).response, { allowed: true, uid: "1" });
    });

    it("rejects with code 403 and the reason as message", async () => {
        const { text } = await post("/validate", review(graphOf("g", { "rampart-flows": component() })));
        const message = "'rampart-flows' is not allowed as a component name";
        const status = { code: 403, reason: `Invalid: ${message}`, message };
        assert.deepEqual(JSON.parse(text).response, { allowed: false, status, uid: "1" });
    });

    it("answers a crash with 500 and aiohttp's page", async () => {
        const { status, text } = await post("/validate", review(graphOf("g", { svc: component({ chart: "x" }) })));
        assert.equal(status, 500);
        assert.equal(text, "500 Internal Server Error\n\nServer got itself in trouble");
    });

    it("allows every deletion", async () => {
        const { text } = await post("/validate", review({}, { operation: "DELETE" }));
        assert.equal(JSON.parse(text).response.allowed, true);
    });

    it("requires a name in the request, whatever the object has, before any other check", async () => {
        const nameless = { name: undefined, operation: "DELETE" };
        const { text } = await post("/validate", review({ metadata: { generateName: "g-" } }, nameless));
        const status = { code: 403, reason: "Invalid graph", message: "No name found" };
        assert.deepEqual(JSON.parse(text).response, { allowed: false, status, uid: "1" });
    });

    it("crashes without a namespace, after its validation", async () => {
        const cluster = review(graphOf("g", { svc: component() }), { namespace: undefined });
        assert.equal((await post("/validate", cluster)).status, 500);
    });

    it("supports no other methods", async () => {
        const answers = ["/validate", "/conversion", "/healthz"].map((path) => post(path, {}, "PUT"));
        const refused = { status: 405, text: "405: Method Not Allowed" };
        assert.deepEqual(await Promise.all(answers), [refused, refused, refused]);
        assert.equal((await post("/healthz", {}, "GET")).status, 200);
    });

    it("supports no other routes", async () => {
        assert.equal((await post("/other", {})).status, 404);
    });

    it("converts v1beta1 with deploy: true, whatever it contains, and back without deploy", () => {
        const old = { ...graphOf("g", {}, { deploy: false }), apiVersion: "rampart.petuum.com/v1beta1" };
        const to = (version: string, object: object) =>
            convert({
                apiVersion: "apiextensions.k8s.io/v1",
                request: { uid: "1", desiredAPIVersion: `rampart.petuum.com/${version}`, objects: [object as never] },
            }) as { response: { convertedObjects: { apiVersion: string; spec: object }[] } };
        const up = to("v1beta2", old).response.convertedObjects[0];
        assert.deepEqual(up?.spec, { graph: { components: {}, flows: {} }, deploy: true });
        const down = to("v1beta1", up as object).response.convertedObjects[0];
        assert.deepEqual(down?.spec, { graph: { components: {}, flows: {} } });
        assert.equal(down?.apiVersion, "rampart.petuum.com/v1beta1");
        const same = to("v1beta1", { apiVersion: "rampart.petuum.com/v1beta1" });
        assert.equal(same.response.convertedObjects[0]?.spec, undefined, "not looked at");
    });

    it("is called for v1beta2 only, so old graphs are converted first, and its failure is a rejection", () => {
        const [hook] = webhookConfiguration(webhook).webhooks;
        assert.deepEqual(hook?.rules[0]?.apiVersions, ["v1beta2"]);
        assert.equal(hook?.matchPolicy, "Equivalent");
        assert.equal(hook?.failurePolicy, "Fail");
        assert.equal(hook?.clientConfig.url, `https://127.0.0.1:${webhook.port}/validate`);
    });

    it("is required for v1beta1: without it the CRD serves only v1beta2", () => {
        const served = (at?: Webhook) =>
            crds(at)[0]?.spec.versions.map((version) => (version as { name: string }).name);
        assert.deepEqual(served(webhook), ["v1beta1", "v1beta2"]);
        assert.deepEqual(served(), ["v1beta2"]);
    });
});

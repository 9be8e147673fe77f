import type { Values } from "../../protocol";
import { address, answers, computed, optional, required, type ResourceType } from "../fields";
import { sorted, Upload } from "../http";
import { createBody } from "../wire";

const MODULE = "application/javascript+module";

/**
 * A Worker with a single module. Facts: services/workers_script of terraform-provider-cloudflare 5.22.0.
 * A write sends the module and its metadata. A read requests the service, the settings and the source text of the
 * Worker. Fields that are missing in the responses keep their values in the state.
 */
export const workersScript: ResourceType = {
    fields: {
        accountId: address(),
        scriptName: address(),
        content: required("string"),
        mainModule: required("string", { noRefresh: "never" }),
        compatibilityDate: required("string"),
        logpush: optional("boolean", { default: false }),
        usageModel: optional("string", { default: "standard" }),
        ...answers("string", "createdOn", "etag", "lastDeployedFrom", "migrationTag", "modifiedOn"),
        ...answers("string", "placementMode", "placementStatus"),
        ...answers("boolean", "hasAssets", "hasModules"),
        startupTimeMs: computed("number", { noRefresh: "never" }),
        handlers: computed({ list: "string" }),
        namedHandlers: computed({ list: { object: { ...answers("string", "name") } } }),
    },
    calls: {
        create: "PUT accounts/{accountId}/workers/scripts/{scriptName}",
        read: "GET accounts/{accountId}/workers/services/{scriptName}",
        update: "PUT accounts/{accountId}/workers/scripts/{scriptName}",
        remove: ["DELETE accounts/{accountId}/workers/scripts/{scriptName}"],
    },
    upload: ({ content, ...planned }: Values) => {
        const { content: _, ...metadata } = workersScript.fields;
        const name = String(planned.mainModule);
        return Upload.of(
            { disposition: `name="${name}"; filename="${name}"`, type: MODULE, text: String(content) },
            {
                disposition: 'name="metadata"',
                type: "application/json",
                text: JSON.stringify(sorted(createBody(metadata, planned))),
            },
        );
    },
    readAll: async (service, get) => {
        const { script } = (service.default_environment ?? {}) as { script?: Record<string, unknown> };
        const path = `accounts/{accountId}/workers/scripts/{scriptName}`;
        const settings = JSON.parse((await get(`${path}/settings`)).text) as { result: Record<string, unknown> };
        const { contentType, text } = await get(`${path}/content/v2`);
        return { ...script, ...settings.result, content: await firstPart(contentType, text) };
    },
    idName: "script_name",
    idIs: "scriptName",
    importParts: ["accountId", "scriptName"],
};

async function firstPart(contentType: string, text: string): Promise<string> {
    if (!contentType.startsWith("multipart/")) return text;
    const form = await new Response(text, { headers: { "Content-Type": contentType } }).formData();
    const [[, part]] = [...form];
    return typeof part === "string" ? part : part.text();
}

export const workersRoute: ResourceType = {
    fields: { zoneId: address(), pattern: required("string"), script: optional("string") },
    calls: {
        create: "POST zones/{zoneId}/workers/routes",
        read: "GET zones/{zoneId}/workers/routes/{id}",
        update: "PUT zones/{zoneId}/workers/routes/{id}",
        remove: ["DELETE zones/{zoneId}/workers/routes/{id}"],
    },
    idName: "route_id",
    importParts: ["zoneId", "id"],
};

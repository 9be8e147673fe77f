// Runs at Cloudflare's edge, between Access and the tunnel. edge-worker.ts puts SETTINGS in front of this text.
// Adds a missing model to requests, and describes the service. It forwards all other requests unchanged, and logs nothing.

/** Largest body that is read, in bytes: four prompts of the context length of OPT are below 32 KiB. */
const MOST_BYTES = 65536;
/** Alpa's paths whose requests name a model in the body. */
const PATHS = ["/completions", "/logprobs"];

export default {
    async fetch(request) {
        const { hostname, pathname } = new URL(request.url);
        // Each Worker also has a host name below workers.dev, which Access does not protect.
        if (!SETTINGS.hostnames.includes(hostname)) return new Response(null, { status: 404 });
        // Access adds this header to each admitted request. The connector rejects requests without it.
        if (!request.headers.has("Cf-Access-Jwt-Assertion")) return fetch(request);
        const { method } = request;
        if (["GET", "HEAD"].includes(method) && SETTINGS.prefixes.some((prefix) => pathname === `${prefix}/`))
            return description(method);
        const asks = ["", ...SETTINGS.prefixes].some((prefix) => PATHS.some((path) => pathname === `${prefix}${path}`));
        return fetch(method === "POST" && asks ? await withModel(request) : request);
    },
};

function description(method) {
    const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" };
    return new Response(method === "HEAD" ? null : JSON.stringify(SETTINGS.description), { headers });
}

async function withModel(request) {
    const length = Number(request.headers.get("Content-Length"));
    if (!(length > 0 && length <= MOST_BYTES)) return request;
    return new Request(request, { body: named(await request.arrayBuffer()) });
}

/** Inserts the model at the start of the object, and keeps all other bytes. A body that Alpa must reject is not changed. */
function named(bytes) {
    try {
        const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
        const asked = JSON.parse(text);
        if (typeof asked !== "object" || asked === null || Array.isArray(asked)) return bytes;
        if (Object.hasOwn(asked, "model")) return bytes;
        const [model, start] = [JSON.stringify(SETTINGS.model), text.indexOf("{") + 1];
        const rest = text.slice(start);
        const comma = Object.keys(asked).length > 0 ? "," : "";
        return new TextEncoder().encode(`${text.slice(0, start)}"model":${model}${comma}${rest}`);
    } catch {
        return bytes;
    }
}

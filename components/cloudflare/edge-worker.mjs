// Runs at Cloudflare's edge, behind Access and in front of the tunnel. SETTINGS stands in front of this text: see edge-worker.ts.
// Whatever it has no reason to touch it passes on as it came, and it keeps and logs nothing.

/** Largest body that is read, in bytes: four prompts of the model's length are below 32 KiB. */
const MOST_BYTES = 65536;
/** Alpa's paths that take a model. */
const PATHS = ["/completions", "/logprobs"];

export default {
    async fetch(request) {
        const { hostname, pathname } = new URL(request.url);
        // Cloudflare gives each Worker a name of its own below workers.dev, for which Access asks nobody.
        if (!SETTINGS.hostnames.includes(hostname)) return new Response(null, { status: 404 });
        // Access adds it to what it admits. Without it the connector refuses whatever is passed on.
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

/** The model is written in front of the rest, which keeps its bytes. What Alpa should refuse stays as it is. */
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

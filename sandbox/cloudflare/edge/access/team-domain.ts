/** The team's domain, `<team>.cloudflareaccess.com`: it serves the key set, and the login page to which Access redirects. */
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Certificate } from "../certificate";
import type { SigningKeys } from "./keys";

const LOGIN_PAGE =
    "<!DOCTYPE html>\n<html><head><title>Sign in ・ Cloudflare Access</title></head><body>Sign in</body></html>\n";

/** @returns `plain`: a server without TLS, for the connector emulator; `secure`: one with the edge's certificate */
export function createTeamDomain(keys: SigningKeys, certificate: Certificate): TeamDomain {
    const answer = answersOf(keys);
    return { plain: createServer(answer), secure: createTlsServer(certificate, answer) };
}

interface TeamDomain {
    plain: Server;
    secure: ReturnType<typeof createTlsServer>;
}

function answersOf(keys: SigningKeys): RequestListener {
    return (request, answer) => {
        const path = (request.url ?? "/").split("?")[0];
        const send = (status: number, type: string, body: string, headers: Record<string, string> = {}) => {
            answer.writeHead(status, { "Content-Type": type, Server: "cloudflare", ...headers });
            answer.end(body);
        };
        const failed = (error: Error) => send(500, "text/plain", `${error.message}\n`);
        if (path === "/cdn-cgi/access/certs") {
            keys.published().then(
                (set) => send(200, "application/json", JSON.stringify(set), { "Cache-Control": "max-age=7200" }),
                failed,
            );
        } else if (path.startsWith("/cdn-cgi/access/login/")) {
            // The page of the real login has status 200. A client that follows redirects therefore takes the request for a
            // success.
            send(200, "text/html; charset=utf-8", LOGIN_PAGE);
        } else {
            send(501, "text/plain", `unsupported by the sandbox: ${path}\n`);
        }
    };
}

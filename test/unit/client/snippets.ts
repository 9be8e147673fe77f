/** Reads the code blocks of pages, and prepares them for calls to the emulated services. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SignJWT } from "jose";
import type { CallersWorld } from "./callers-world";

const ROOT = resolve(__dirname, "../../..");

export interface Snippet {
    page: string;
    heading: string;
    language: string;
    text: string;
}

/** @param only a pattern that the text of a code block must match. @default every code block */
export function snippetsOf(pages: string[], languages: string[], only = /(?:)/): Snippet[] {
    return pages.flatMap((page) => {
        const found: Snippet[] = [];
        let heading = "";
        const parts = new RegExp(`^#{1,3} (.*)$|^\`\`\`(${languages.join("|")})\\n([^]*?)^\`\`\`$`, "gm");
        for (const [, title, language, text] of readFileSync(join(ROOT, page), "utf8").matchAll(parts)) {
            if (title !== undefined) heading = title;
            else if (only.test(text)) found.push({ page, heading, language, text });
        }
        return found;
    });
}

/** Writes the files that a snippet reads. @returns its text for this world, and its variables */
export async function prepared(text: string, world: CallersWorld, folder: string) {
    const { urls, keys, edges, tokens, jwt } = world;
    const single = /header=|cf-access-client-id/.test(text);
    const service = /ServiceToken|CF-Access|cf-access/.test(text);
    const edge = single ? edges.strict.single : edges.strict.alpa;
    // Replaces only the host of the page's address, so that a wrong path on the page fails the test.
    const host = service ? edge : new URL(urls.alpa).origin;
    writeFileSync(join(folder, "private.pem"), jwt.privateKey);
    const token = new SignJWT({ key: jwt.claims.hs }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("10m");
    const env = {
        ...{ KEY: keys.team, JWT_SECRET: jwt.secret, TOKEN: await token.sign(new TextEncoder().encode(jwt.secret)) },
        JWT_CLAIM: /private/.test(text) ? jwt.claims.rs : jwt.claims.hs,
        ...{ CLIENT_ID: tokens.team.clientId, CLIENT_SECRET: tokens.team.clientSecret },
    };
    return { text: text.replaceAll("https://api.example.com", host), env };
}

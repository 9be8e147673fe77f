// The pages of docs/ as a static site: `npm run docs:build`. Pages stay plain Markdown, so they read the same on GitHub.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type MarkdownRenderer, type Plugin } from "vitepress";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const DOCS = join(ROOT, "docs");
/** Address of the repository's files. GitHub's workflows set both variables; elsewhere such links are shown as text. */
const { GITHUB_SERVER_URL = "https://github.com", GITHUB_REPOSITORY, DOCS_BASE = "/" } = process.env;

interface Group {
    text: string;
    pages: string[];
}
const GROUPS: Group[] = JSON.parse(readFileSync(join(ROOT, "site/pages.json"), "utf8"));

const title = (page: string) => /^# (.*)$/m.exec(readFileSync(join(DOCS, page), "utf8"))?.[1].replaceAll("`", "");
const address = (page: string) => `/${page.replace(/(^|\/)README\.md$/, "$1").replace(/\.md$/, "")}`;

/** Names of headings as GitHub generates them, so that a link to one works in both places. */
const slugify = (text: string) =>
    text
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-");

/** The pages are outside of this package: imports of their compiled form are resolved from here. */
const dependenciesOfPages: Plugin = {
    name: "dependencies-of-pages",
    enforce: "pre",
    resolveId(id, importer) {
        if (!/^vue(\/|$)/.test(id) || !importer?.startsWith(DOCS)) return undefined;
        return this.resolve(id, join(ROOT, "site/package.json"), { skipSelf: true });
    },
};

export default defineConfig({
    title: "alpa-auth",
    description: "API authentication in front of a self-hosted Alpa / OPT-175B service",
    lang: "en",
    base: DOCS_BASE,
    srcDir: "../docs",
    outDir: "dist",
    cacheDir: "node_modules/.cache/vitepress",
    cleanUrls: true,
    rewrites: (page: string) => page.replace(/(^|\/)README\.md$/, "$1index.md"),
    markdown: {
        anchor: { slugify },
        config: (md) => {
            const fence = md.renderer.rules.fence!;
            md.renderer.rules.fence = (tokens, index, ...rest) => {
                const { info, content } = tokens[index];
                if (info.trim() !== "mermaid") return fence(tokens, index, ...rest);
                return `<Mermaid code="${encodeURIComponent(content)}" />`;
            };
            md.core.ruler.push("repository-links", ({ tokens, env }) => {
                for (const { children } of tokens) replaceLinks(children ?? [], env.path as string);
            });
        },
    },
    vite: { plugins: [dependenciesOfPages] },
    themeConfig: {
        search: { provider: "local" },
        outline: { level: [2, 3] },
        nav: GROUPS.slice(0, 6).map(({ text, pages }) => ({ text, link: address(pages[0]) })),
        sidebar: GROUPS.map(({ text, pages }) => ({
            text,
            collapsed: true,
            items: pages.map((page) => ({ text: title(page), link: address(page) })),
        })),
    },
});

type Inline = NonNullable<ReturnType<MarkdownRenderer["parse"]>[number]["children"]>[number];

/** Links to files that are not pages point to the repository, or are plain text where its address is unknown. */
function replaceLinks(children: Inline[], page: string): void {
    let isText = false;
    for (const token of children) {
        if (token.type === "link_close" && isText) {
            token.tag = "span";
            isText = false;
        }
        const href = token.type === "link_open" ? token.attrGet("href") : null;
        const target = href === null ? undefined : repositoryFile(href, page);
        if (target === undefined) continue;
        isText = GITHUB_REPOSITORY === undefined;
        if (isText) token.tag = "span";
        token.attrs = isText
            ? [["title", target]]
            : [["href", `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/blob/main/${target}`]];
    }
}

/** Path in the repository for a link to a file that is not a page of the site. */
function repositoryFile(href: string, page: string): string | undefined {
    if (/^([a-z]+:|#|\/)/.test(href)) return undefined;
    const [path, anchor] = href.split("#");
    const file = join(dirname(page), decodeURIComponent(path));
    const isPage = path.endsWith(".md") && !relative(DOCS, file).startsWith("..");
    if (isPage || !existsSync(file)) return undefined;
    return relative(ROOT, file).split("\\").join("/") + (anchor === undefined ? "" : `#${anchor}`);
}

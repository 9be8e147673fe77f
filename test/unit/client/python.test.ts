// Proves that client/python passes its own tests, is typed, can be installed and used, and works with the emulators of gateway,
// edge and Alpa. Recordings, not this test, prove that the real gateway and Alpa answer the same.
import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PACKAGE, pythonTools, type PythonTools } from "./python-tools";
import { startCallersWorld } from "./callers-world";
import { prepared, snippetsOf } from "./snippets";

const CLIENTS = readFileSync(resolve(__dirname, "../../../docs/call/README.md"), "utf8");

describe("client/python", () => {
    let tools: PythonTools;
    let folder: string;
    let stage: Awaited<ReturnType<typeof startCallersWorld>>;
    let typed: Promise<string>;
    before(async () => {
        tools = await pythonTools();
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-python-"));
        // mypy takes longest and uses one core, so it runs in the background.
        typed = python(["-m", "mypy", "--cache-dir", join(tools.scratch, "mypy")], { cwd: PACKAGE });
        typed.catch(() => undefined); // The test of strict types reports a failure.
        stage = await startCallersWorld(folder);
    });
    after(async () => {
        await stage?.close();
        rmSync(folder, { recursive: true, force: true });
    });

    /** Runs the environment's Python. @returns the output @throws an error with the output */
    function python(args: string[], options: { cwd?: string; env?: object; file?: string } = {}): Promise<string> {
        const env = {
            ...process.env,
            PYTHONDONTWRITEBYTECODE: "1",
            PYTHONPATH: "",
            ...options.env,
        };
        return new Promise((done, reject) => {
            const given = { cwd: options.cwd ?? folder, env, maxBuffer: 64 * 1024 * 1024 };
            execFile(options.file ?? tools.python, args, given, (error, stdout, stderr) =>
                error ? reject(new Error(`python ${args.slice(0, 2).join(" ")}:\n${stdout}${stderr}`)) : done(stdout),
            );
        });
    }

    /** @param least number of tests that must pass, so that no test file is skipped unnoticed */
    async function pytest(where: string, least: number, more: string[] = []): Promise<void> {
        const options = { cwd: PACKAGE, env: { PYTHONPATH: "src" } };
        const printed = await python(["-m", "pytest", "-q", where, ...more], options);
        const [, passed] = /(\d+) passed in /.exec(printed) ?? [];
        assert.ok(Number(passed) >= least, printed);
        assert.doesNotMatch(printed, /skipped|xfailed|deselected|warning/);
    }

    it("passes its own tests", () => pytest("tests", 150));

    it("passes its tests at the gateway and at the edge", () => pytest("tests/world", 100, ["--world", stage.file]));

    it("has the errors that docs/call/README.md lists, and no others", async () => {
        const question = [
            "import alpa_auth_client as a, json",
            "kinds = [n for n in a.__all__ if isinstance(getattr(a, n), type) and issubclass(getattr(a, n), RuntimeError)]",
            "print(json.dumps(kinds))",
        ];
        const env = { PYTHONPATH: join(PACKAGE, "src") };
        const kinds = JSON.parse(await python(["-c", question.join("\n")], { env })) as string[];
        const listed = [...CLIENTS.matchAll(/^- `(\w+Error)`/gm)].map(([, name]) => name).sort();
        assert.deepEqual(listed, kinds.filter((kind) => kind !== "AlpaClientError").sort());
    });

    it("is typed in strict mode", async () => {
        assert.match(await typed, /^Success: no issues found/);
    });

    describe("as a wheel", () => {
        let installed: string;
        before(async () => {
            const source = join(folder, "source");
            const out = join(folder, "dist");
            mkdirSync(source);
            // Copies the source, so that the build leaves nothing in the clone.
            await python([
                "-c",
                `import shutil; shutil.copytree(${JSON.stringify(PACKAGE)}, "source", dirs_exist_ok=True)`,
            ]);
            const pip = ["-m", "pip", "--disable-pip-version-check", "-q"];
            await python([...pip, "wheel", "--no-deps", "--no-build-isolation", "-w", out, source]);
            const [wheel] = readdirSync(out);
            assert.match(wheel, /^alpa_auth_client-\d+\.\d+\.\d+-py3-none-any\.whl$/);
            installed = join(folder, "clean");
            await python(["-m", "venv", "--without-pip", installed]);
            const target = ["--python", join(installed, "bin/python")];
            const only = ["--no-index", "--find-links", tools.wheels];
            await python([...pip, ...target, "install", ...only, `${join(out, wheel)}[private-key]`]);
        });
        const script = (text: string, env: object) => {
            const file = join(folder, "script.py");
            writeFileSync(file, text);
            return python([file], { file: join(installed, "bin/python"), env });
        };

        it("works in an empty folder with a program of ten lines", async () => {
            const printed = await script(TEN_LINES, {
                URL: stage.world.urls.alpa,
                KEY: stage.world.keys.team,
            });
            assert.equal(printed, "Paris is one two\nInvalidCredentialError\n");
        });

        const pages = ["docs/call/README.md", "README.md", "client/python/README.md"];
        // The example of OpenAI's SDK makes the calls that components/openai/sdks.test.ts proves.
        const snippets = snippetsOf(pages, ["python"], /alpa_auth_client/);
        snippets.forEach(({ page, heading, text }, i) =>
            it(`runs the code of ${page} under "${heading}" (${i + 1})`, async () => {
                const { text: code, env } = await prepared(text, stage.world, folder);
                assert.equal(await script(code, env), "Paris is one two\n");
            }),
        );

        it("includes its types", async () => {
            const file = join(folder, "typed.py");
            writeFileSync(file, TEN_LINES + 'wrong: int = client.completions("a")["choices"][0]["text"]\n');
            const cache = ["--cache-dir", join(tools.scratch, "mypy-installed")];
            const args = [
                "-m",
                "mypy",
                "--strict",
                "--python-executable",
                join(installed, "bin/python"),
                ...cache,
                file,
            ];
            // mypy reports only the intended error. So it has found the package's types, and accepts all other lines.
            await assert.rejects(
                python(args),
                /typed\.py:11: error: Incompatible types in assignment .*\nFound 1 error in 1 file/,
            );
        });

        it("has a snippet for each authentication method", () => {
            const shown = snippets.map(({ text }) => text).join("");
            for (const way of ["ApiKey(", "secret=", "private_key=", "ServiceToken(", "header="])
                assert.ok(shown.includes(way), way);
        });
    });

    it("says what to install where there is no suitable Python", async () => {
        const none = { PATH: folder, HOME: folder };
        await assert.rejects(
            pythonTools(none),
            /^ToolchainError: python3: must be Python, .* \(it does not run\)\. Install Python 3\.11/,
        );
        const old = join(folder, "old");
        writeFileSync(old, "#!/bin/sh\nprintf '3.9.2\\n/x\\n'\n", { mode: 0o755 });
        await assert.rejects(
            pythonTools({ ...none, ALPA_AUTH_PYTHON: old }),
            /must be Python 3\.11 or newer \(got 3\.9\.2\)/,
        );
    });
});

const TEN_LINES = `import os
from alpa_auth_client import AlpaClientError, ApiKey, Client

client = Client(os.environ["URL"], auth=ApiKey(os.environ["KEY"]))
print(client.completions("Paris is", max_tokens=8)["choices"][0]["text"])
assert len(client.logprobs("Paris is", top_k=3)["indices"][0]) == 3
try:
    Client(os.environ["URL"], auth=ApiKey("wrong")).completions("Paris is")
except AlpaClientError as error:
    print(type(error).__name__)
`;

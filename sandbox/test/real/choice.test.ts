// Proves which parts of a sandbox's world are real programs, and the error for parts that are missing.
import { strict as assert } from "node:assert";
import { findParts, parseChoice, partLines, reportParts, type RealParts } from "../../real/choice";
import { scratchFolder } from "./scratch-folder";

const PROVIDER = "pulumi-resource-cloudflare";

describe("real parts", () => {
    const { pathOf, file } = scratchFolder();
    const program = (name: string, prints: string) => file(`bin/${name}`, `#!/bin/sh\necho '${prints}'\n`, 0o755);
    /** A search path without any program of this machine. */
    const nowhere = () => ({ PATH: pathOf("bin"), ALPA_AUTH_CACHE: pathOf("cache") });
    const charts = (version = "2.14.0") => {
        for (const name of ["apisix", "apisix-ingress-controller", "kuberay-operator"])
            file(`charts/${name}/Chart.yaml`, `name: ${name}\nversion: ${version}\n`);
        return { ALPA_AUTH_CHARTS: pathOf("charts") };
    };

    for (const [text, choice] of [
        ["", "none"],
        ["none", "none"],
        ["available", "available"],
        ["all", "all"],
        ["apisix", ["apisix"]],
        ["charts, apisix,charts", ["charts", "apisix"]],
    ] as const)
        it(`are chosen by "${text}"`, () => assert.deepEqual(parseChoice(text), choice));

    it("are rejected with an unknown name, and the error suggests the right name", () => {
        assert.throws(
            () => parseChoice("charts,apsix,tunnel"),
            /^Error: real parts: "apsix" is not a part of the sandbox \(did you mean apisix\?\); "tunnel" is not a part of the sandbox\. Use available, all, or some of: charts, apisix, ingress-controller, cloudflare-provider, cloudflared, cert-manager, llama\.$/,
        );
    });

    it("are all installed parts, with emulators for the other parts", () => {
        const provider = program(PROVIDER, "6.17.0");
        const found = findParts("available", { ...nowhere(), ...charts() });
        assert.deepEqual(Object.keys(found), ["charts", "cloudflare-provider"]);
        assert.deepEqual(found["cloudflare-provider"], { version: "6.17.0", paths: { program: provider } });
        assert.equal(found.charts?.paths.apisix, pathOf("charts/apisix"));
    });

    it("are named in one error if they are required and missing, each with how to get it", () => {
        program(PROVIDER, "6.17.0");
        assert.throws(
            () => findParts(["cloudflare-provider", "charts", "ingress-controller"], nowhere()),
            (error: Error) => {
                assert.match(error.message, /^real parts: 2 of 3 are missing\.$/m);
                assert.match(
                    error.message,
                    /^ {2}charts \(Helm charts 2\.14\.0\): ALPA_AUTH_CHARTS is not set\. Set ALPA_AUTH_CHARTS to a /m,
                );
                assert.match(
                    error.message,
                    /^ {2}ingress-controller .*: apisix-ingress-controller is not on PATH\. Put /m,
                );
                assert.match(error.message, /^To use only the parts that were found, choose --real available/m);
                return !error.message.includes("cloudflare-provider (");
            },
        );
    });

    it("are rejected in a version that the product does not support", () => {
        const env = { ...nowhere(), ...charts("2.13.0") };
        assert.throws(() => findParts(["charts"], env), /found version 2\.13\.0, but the sandbox supports 2\.14\.0\./);
        assert.deepEqual(findParts("available", env), {});
    });

    it("are rejected with a path that does not exist or is not absolute", () => {
        const at = (place: string) => () =>
            findParts(["cloudflare-provider"], { ...nowhere(), ALPA_AUTH_REAL_CLOUDFLARE_PROVIDER: place });
        assert.throws(at(pathOf("nothing")), /ALPA_AUTH_REAL_CLOUDFLARE_PROVIDER: .*\/nothing does not exist\./);
        assert.throws(
            at(PROVIDER),
            /ALPA_AUTH_REAL_CLOUDFLARE_PROVIDER: "pulumi-resource-cloudflare" is not an absolute path\./,
        );
    });

    it("include llama.cpp in the sandbox's cache, or the error says how to install it there", () => {
        const python = pathOf("cache/llama/bin/python");
        assert.throws(
            () => findParts(["llama"], nowhere()),
            new RegExp(`${python} does not exist\\. Run: python3 -m venv`),
        );
        file("cache/llama/bin/python", "#!/bin/sh\necho 0.3.36\n", 0o755);
        assert.deepEqual(findParts(["llama"], nowhere()).llama, { version: "0.3.36", paths: { python } });
    });

    describe("of cert-manager", () => {
        const NAMES = [
            "certificaterequests",
            "certificates",
            "challenges.acme",
            "clusterissuers",
            "issuers",
            "orders.acme",
        ];
        /**
         * A file in the format of a cert-manager release. It contains the CRDs and other objects; the labels are Helm
         * templates.
         */
        const crds = (names = NAMES) =>
            names
                .map((name) => {
                    const labels = "app: '{{ template \"cert-manager.name\" . }}'";
                    const metadata = `metadata:\n  name: ${name}.cert-manager.io\n  labels:\n    ${labels}`;
                    return `# {{- if .Values.crds.enabled }}\nkind: CustomResourceDefinition\n${metadata}\n`;
                })
                .concat("kind: Namespace\nmetadata: { name: cert-manager }\n", "")
                .join("---\n");
        const controller = (version: string) =>
            program(
                "cert-manager-controller",
                `--v=2 8.8.8.8:53 (default "quay.io/jetstack/cert-manager-acmesolver:${version}")`,
            );
        const environment = (path: string) => ({ ...nowhere(), ALPA_AUTH_REAL_CERT_MANAGER_CRDS: path });

        it("use the controller on PATH with the CRDs of a file, and its version from its help", () => {
            const program = controller("v1.18.5");
            const path = file("crds.yaml", crds());
            assert.deepEqual(findParts(["cert-manager"], environment(path))["cert-manager"], {
                version: "1.18.5",
                paths: { controller: program, crds: path },
            });
        });

        for (const [what, version, names, problem] of [
            ["another version", "v1.19.0", NAMES, /found version 1\.19\.0, but the sandbox supports 1\.18\.2\. Put /],
            ["a build that does not say its version", "canary", NAMES, /found version unknown,/],
            [
                "incomplete CRDs",
                "v1.18.2",
                NAMES.slice(2),
                /crds\.yaml does not have the CRDs certificaterequests\.cert-manager\.io, certificates\.cert-manager\.io\. Put /,
            ],
        ] as const)
            it(`reject ${what}`, () => {
                controller(version);
                assert.throws(
                    () => findParts(["cert-manager"], environment(file("crds.yaml", crds([...names])))),
                    problem,
                );
            });
    });

    it("are listed with emulators, each with its version", () => {
        const real: RealParts = { "cloudflare-provider": { version: "6.22.1", paths: {} } };
        assert.deepEqual(partLines(reportParts(real)), [
            "Helm charts                         emulator of 2.14.0",
            "APISIX on OpenResty                 emulator of 3.18.0",
            "APISIX ingress controller with ADC  emulator of 2.0.1",
            "Pulumi provider cloudflare          real, 6.22.1",
            "cloudflared                         emulator of 2026.8.2",
        ]);
        assert.deepEqual(partLines([], "4.0.0"), [
            "Pulumi provider kubernetes  built from source, 4.0.0: older than the SDK of the stacks, which needs no action",
        ]);
    });
});

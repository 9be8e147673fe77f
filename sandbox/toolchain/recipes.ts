import * as fs from "node:fs";
import * as path from "node:path";
import type { Recipe } from "./cache";
import { buildArguments, buildGo, type GoProgram } from "./go";
import { redis } from "./redis";
import sharedModules from "./recipes/shared-modules.json";
import versions from "./versions.json";

/** Modules that are in the Kubernetes repository and are also published separately: the `replace` block of its go.mod. */
const KUBERNETES_STAGING = [
    ...["api", "apiextensions-apiserver", "apimachinery", "apiserver", "cli-runtime", "client-go", "cloud-provider"],
    ...["cluster-bootstrap", "code-generator", "component-base", "component-helpers", "controller-manager", "cri-api"],
    ...["cri-client", "csi-translation-lib", "dynamic-resource-allocation", "endpointslice", "externaljwt", "kms"],
    ...["kube-aggregator", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet", "metrics"],
    ...["mount-utils", "pod-security-admission", "sample-apiserver", "sample-cli-plugin", "sample-controller"],
];

interface Source {
    version: string;
    outputs: string[];
    program: GoProgram;
    /** Whether the program has libraries that other programs have too. @default false */
    sharesLibraries?: true;
}

/** Modules of Kubernetes that several of the programs need in the same version. */
const SHARED_PARTS = KUBERNETES_STAGING.filter((name) => !/^(code-generator|kube-proxy|sample-.*)$/.test(name));

/**
 * A `require` block that sets one version for each module that several programs with Kubernetes' libraries need: the newest
 * version that one of them requires. Go then compiles each module once for all programs, which saves a third of the work of a
 * first run (decision 0016).
 */
function shared(): string {
    const [, minor, patch] = versions.kubernetes.split(".");
    const parts = SHARED_PARTS.map((name) => `\tk8s.io/${name} v0.${minor}.${patch}`);
    const others = Object.entries(sharedModules).map(([module, version]) => `\t${module} ${version}`);
    return `require (\n${[...parts, ...others].join("\n")}\n)`;
}

/**
 * Text of go.mod for the main module of a build. The main module exists only to require the module that is built.
 * @param go Go version in the go.mod of the module that is built, so that Go uses the same defaults as for that module
 */
function goMod(name: string, go: string, lines: string[]): string {
    return [`module sandbox.invalid/${name}`, `go ${go}`, ...lines].join("\n\n") + "\n";
}

/**
 * Packages that Pulumi imports only so that they register themselves: access to Google's storage, and cloud services for state
 * and encryption keys. The sandbox does not need them: its state is in files, encrypted by a passphrase.
 */
const UNUSED_BY_PULUMI = [
    "google.golang.org/grpc/xds/googledirectpath",
    ...["blob/s3blob", "secrets/awskms", "secrets/azurekeyvault", "secrets/hashivault"].map(
        (name) => `gocloud.dev/${name}`,
    ),
];

function pulumi(): Source {
    const version = `v${versions.pulumi}`;
    return {
        version: versions.pulumi,
        outputs: ["pulumi"],
        program: {
            goMod: goMod("pulumi", versions.go, [
                `require github.com/pulumi/pulumi/pkg/v3 ${version}`,
                // The CLI's go.mod replaces this module by a fork. It must be repeated here, because Go ignores the replaces of
                // a dependency.
                "replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e",
            ]),
            packages: ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
            tags: ["osusergo", "grpcnotrace"],
            stubs: Object.fromEntries(UNUSED_BY_PULUMI.map((name) => [name, `package ${path.basename(name)}\n`])),
            variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": version },
        },
    };
}

function etcd(): Source {
    return {
        version: versions.etcd,
        outputs: ["etcd"],
        program: {
            goMod: goMod("etcd", "1.26.0", [`require go.etcd.io/etcd/server/v3 v${versions.etcd}`]),
            packages: ["go.etcd.io/etcd/server/v3"],
            output: "etcd",
        },
    };
}

/** Programs of the Kubernetes repository, built as for a release. */
function fromKubernetes(outputs: string[]): GoProgram {
    const [major, minor, patch] = versions.kubernetes.split(".");
    const staging = KUBERNETES_STAGING.map((name) => `\tk8s.io/${name} => k8s.io/${name} v0.${minor}.${patch}`);
    // Sets the version variables of both packages. Otherwise the API server would report v0.0.0-master, which clients
    // reject.
    const variables: Record<string, string> = {};
    for (const place of ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]) {
        variables[`${place}.gitMajor`] = major;
        variables[`${place}.gitMinor`] = minor;
        variables[`${place}.gitVersion`] = `v${versions.kubernetes}`;
        variables[`${place}.gitTreeState`] = "clean";
    }
    return {
        goMod: goMod("kubernetes", "1.24.0", [
            "godebug default=go1.24",
            `require k8s.io/kubernetes v${versions.kubernetes}`,
            `replace (\n${staging.join("\n")}\n)`,
            shared(),
        ]),
        packages: outputs.map((name) => `k8s.io/kubernetes/cmd/${name}`),
        variables,
    };
}

function kubernetes(): Source {
    const outputs = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
    return {
        version: versions.kubernetes,
        outputs,
        program: fromKubernetes(outputs),
    };
}

const providerSource = (file: string) =>
    fs.readFileSync(path.join(__dirname, "recipes/kubernetes-provider", file), "utf8");

function kubernetesProvider(): Source {
    const version = versions["kubernetes-provider"];
    const module = "github.com/pulumi/pulumi-kubernetes/provider/v4";
    return {
        version,
        outputs: ["pulumi-resource-kubernetes"],
        program: {
            goMod: goMod("kubernetes-provider", "1.24.7", [`require ${module} v${version}`, shared()]),
            files: { "main.go": providerSource("main.go") },
            // Without the stubs, the SDK's Go types of all kinds would be compiled, which are a quarter of the source.
            stubs: {
                [`${module}/pkg/provider/helm/v4`]: providerSource("helm-chart.go"),
                [`${module}/pkg/provider/kustomize/v2`]: providerSource("kustomize.go"),
                "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/helm/v4": providerSource("sdk-helm.go"),
                "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/yaml/v2": providerSource("sdk-yaml.go"),
            },
            copies: {
                module: `${module}@v${version}`,
                files: {
                    "schema.json": "cmd/pulumi-resource-kubernetes/schema.json",
                    "terraform-mapping.json": "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
                },
            },
            packages: ["."],
            output: "pulumi-resource-kubernetes",
            variables: { [`${module}/pkg/version.Version`]: version },
        },
        sharesLibraries: true,
    };
}

function kwok(): Source {
    return {
        version: versions.kwok,
        outputs: ["kwok"],
        program: {
            goMod: goMod("kwok", "1.24.0", [`require sigs.k8s.io/kwok v${versions.kwok}`]),
            packages: ["sigs.k8s.io/kwok/cmd/kwok"],
        },
    };
}

function helm(): Source {
    return {
        version: versions.helm,
        outputs: ["helm"],
        program: {
            goMod: goMod("helm", "1.24.0", [`require helm.sh/helm/v3 v${versions.helm}`, shared()]),
            packages: ["helm.sh/helm/v3/cmd/helm"],
            variables: { "helm.sh/helm/v3/internal/version.version": `v${versions.helm}` },
        },
        sharesLibraries: true,
    };
}

/** Names of the files with the CRDs of KubeRay's operator. They are stored next to the program. */
export const KUBERAY_CRDS = ["rayclusters", "raycronjobs", "rayjobs", "rayservices"].map(
    (name) => `ray.io_${name}.yaml`,
);

function kuberay(): Source {
    const version = `v${versions.kuberay}`;
    const module = "github.com/ray-project/kuberay/ray-operator";
    // The operator requires libraries of a newer Kubernetes, but also works with those of the sandbox's version.
    const parts = ["api", "apimachinery", "client-go", "code-generator"];
    const older = `exclude (\n${parts.map((name) => `\tk8s.io/${name} v0.35.0`).join("\n")}\n)`;
    return {
        version: versions.kuberay,
        outputs: ["kuberay-operator"],
        program: {
            goMod: goMod("kuberay", "1.25.0", [`require ${module} ${version}`, older, shared()]),
            packages: [module],
            output: "kuberay-operator",
            keeps: {
                module: `${module}@${version}`,
                files: Object.fromEntries(KUBERAY_CRDS.map((name) => [name, `config/crd/bases/${name}`])),
            },
        },
        sharesLibraries: true,
    };
}

const SOURCES = {
    ...{ pulumi, etcd, kubernetes, kwok, "kubernetes-provider": kubernetesProvider, helm },
    "kuberay-operator": kuberay,
};

/** Names of the recipes. One recipe can build several tools. */
export type RecipeName = keyof typeof SOURCES | "redis";

/**
 * The recipe that builds the tools from Go modules. Redis comes from a Python package instead.
 * @param env environment of the build; Go is searched on its PATH
 */
export function recipe(name: RecipeName, env: NodeJS.ProcessEnv = process.env): Recipe {
    if (name === "redis") return redis();
    const { version, outputs, program } = SOURCES[name]();
    return {
        name,
        version,
        outputs,
        otherFiles: Object.keys(program.keeps?.files ?? {}),
        ingredients: { ...program, arguments: buildArguments(program), platform: process.platform, arch: process.arch },
        build: (work, out, progress) => buildGo(name, program, work, out, progress, env),
    };
}

/** Whether other programs have the same libraries, so that Go compiles them only once. */
export function sharesLibraries(name: RecipeName): boolean {
    return name !== "redis" && SOURCES[name]().sharesLibraries === true;
}

import js from "@eslint/js";
import tseslint from "typescript-eslint";

// House rules that a program can check, with the reason as the message. oxfmt checks the layout.
// No rule here needs types, so linting the whole project takes seconds. tsc checks the types.

const NOTHING_IN_APPLY = {
    // Matches only inside the function that apply() gets: `new Key(…).result.apply(…)` is allowed.
    selector:
        "CallExpression[callee.property.name='apply'] > :matches(ArrowFunctionExpression, FunctionExpression) :matches(NewExpression, ThrowStatement)",
    message:
        "No resources and no throws inside apply(): a preview does not show such a resource, and a throw hangs the run.",
};
const GENERATION_MAY_BE_UNKNOWN = {
    selector: "Property > MemberExpression[object.property.name='metadata'][property.name='generation']",
    message:
        "Use generationOf() of generation.ts: the generation of a new object is undefined in a preview, and an update plan would require that it stays undefined.",
};
const NO_CONSOLE = {
    selector: "MemberExpression[object.name='console']",
    message: "Only messages of pulumi.log are printed in order. Use it, or return the text.",
};
const NO_APPLY_IN_TESTS = {
    selector: "CallExpression[callee.property.name='apply']",
    message: "An assertion inside apply() cannot fail a test. Await value(output) of test/kit.ts.",
};
const NO_SKIPPED_TESTS = {
    selector: [
        "MemberExpression[object.name=/^(describe|context|it|specify)$/][property.name=/^(only|skip)$/]",
        "MemberExpression[object.type='ThisExpression'][property.name='skip']",
        "CallExpression[callee.name=/^x(describe|context|it|specify)$/]",
    ].join(", "),
    message:
        "Tests must not be skipped: a green run means that every test ran. Define the test only where it can run, or delete it.",
};

/** Syntax rules for all code of the Pulumi program. */
const PROGRAM = [NOTHING_IN_APPLY, GENERATION_MAY_BE_UNKNOWN, NO_CONSOLE];

/**
 * Imports point one way: index → stacks → topologies in components/ → subjects in components/, in the order of SUBJECTS.
 * @param files files for which the imports are forbidden
 * @param regex forbidden import paths
 * @param message reason
 * @param syntax other syntax rules for these files: the last list for a file wins, so each list must be complete
 */
function layer(files, regex, message, syntax = PROGRAM) {
    const dynamic = { selector: `ImportExpression[source.value=/${regex.replaceAll("/", "\\/")}/]`, message };
    return {
        files,
        rules: {
            "no-restricted-imports": ["error", { patterns: [{ regex, message }] }],
            "no-restricted-syntax": ["error", ...syntax, dynamic],
        },
    };
}

const ABOUT_PREFLIGHT = "Preflight may import only components and dns: settings come in as arguments.";
const ABOUT_RULES =
    "Rules check the resulting resources and also run without a policy pack: they must import neither the program nor Pulumi.";
const FROM_BELOW = "Components must not import what uses them: settings come in as arguments.";

/** Code of the Pulumi program. */
const PRODUCT = ["*.ts", "config/**", "preflight/**", "stacks/**", "components/**", "dns/**"];

/** Folders of components/, from the bottom up: each may import those before it. */
const SUBJECTS = [
    "kubernetes",
    "alpa",
    "rampart",
    "hosts",
    "cloudflare",
    "etcd",
    "apisix",
    "route",
    "consumers",
    "openai",
    "opt",
];

/**
 * Pattern of the imports that a subject must not have: of a higher subject, of a topology, or of a folder outside of
 * components/.
 */
function aboveSubject(higher) {
    const folders = ["config", "dns", "preflight", "stacks", "ops", "policy", "sandbox", "bench", "test"];
    const topologies = ["[\\w-]+-cluster", "cloudflare-access", "conversion"];
    return `^(?:\\.\\./)+(?:${[...higher, ...folders, ...topologies].join("|")})(?:/|$)`;
}

export default tseslint.config(
    { ignores: ["node_modules/", ".sandbox/", "dist/"] },
    js.configs.recommended,
    tseslint.configs.recommended,
    {
        rules: {
            "no-undef": "off", // tsc checks which names exist.
        },
    },
    // tsc checks which names are used. This rule takes a third of the time of all rules.
    { files: ["**/*.ts"], rules: { "@typescript-eslint/no-unused-vars": "off" } },
    { files: ["**/*.js", "**/*.cjs"], rules: { "@typescript-eslint/no-require-imports": "off" } },
    // Emulators treat control bytes as the real programs do.
    { files: ["sandbox/**"], rules: { "no-control-regex": "off" } },
    // Recordings and answers of other programs have no types.
    { files: ["test/**", "sandbox/test/**"], rules: { "@typescript-eslint/no-explicit-any": "off" } },

    layer(
        ["index.ts", "options.ts"],
        "^\\./(ops|sandbox|bench|policy|test)(/|$)",
        "The program must not depend on ops, sandbox, bench, policy or test, which are not part of it.",
    ),
    layer(
        ["config/**"],
        "^(?:\\.\\./)+(index|stacks|preflight|ops|sandbox|bench|policy|test)(/|$)",
        "Config may depend on types of components, but on no code that reads the config.",
    ),
    layer(
        ["config/keys/**"],
        "^(?:\\.\\./)+(options|index|stacks|preflight|ops|sandbox|bench|policy|test)(/|$)",
        "Several options share these keys, so config/keys must not import the config of an option.",
    ),
    layer(
        ["stacks/**"],
        "^\\.\\./(?!components/)",
        "Stacks may import only components: settings come in as arguments.",
    ),
    layer(["preflight/*.ts"], "^\\.\\./(?!components/|dns/|config/problem-list$)", ABOUT_PREFLIGHT),
    layer(["preflight/*/**"], "^\\.\\./\\.\\./(?!components/|dns/|config/problem-list$)", ABOUT_PREFLIGHT),
    // dns/ is used by the program, the command line and the sandbox.
    layer(
        ["dns/**"],
        "^\\.\\./(?!components/cloudflare/(dns-record|api)$)",
        "dns/ may import nothing from other folders but the type of a DNS record and the reader of the Cloudflare API.",
    ),
    layer(["components/*.ts"], "^\\.\\./", FROM_BELOW),
    ...SUBJECTS.map((subject, at) =>
        layer([`components/${subject}/**`], aboveSubject(SUBJECTS.slice(at + 1)), FROM_BELOW),
    ),
    // The state stores these files as text, and a process without the Pulumi SDK runs them. They may use console, since
    // Pulumi shows what that process prints.
    layer(["components/kubernetes/until-settled.ts"], aboveSubject(SUBJECTS.slice(1)), FROM_BELOW, [NOTHING_IN_APPLY]),
    layer(
        ["components/etcd/prepared-provider.ts"],
        aboveSubject(SUBJECTS.slice(SUBJECTS.indexOf("etcd") + 1)),
        FROM_BELOW,
        [NOTHING_IN_APPLY],
    ),
    layer(
        ["ops/**"],
        "^\\.\\.?/(?:\\.\\./)*(index|stacks|preflight|sandbox|bench|policy(?!/(rules|resources)(/|$))|test)(/|$)",
        "The command line reads config and runs Pulumi: ops must not import stacks or the sandbox. From the policy pack, ops may import only policy/rules and policy/resources.",
        [],
    ),
    layer(
        ["policy/**"],
        "^\\.\\./",
        "The policy pack checks the resulting resources, and must not depend on the program.",
        [],
    ),
    layer(
        ["policy/resources/**"],
        "^(\\.\\./|@pulumi/)",
        "Rules and reviews import policy/resources, so policy/resources must not import them.",
        [],
    ),
    layer(["policy/rules/*.ts"], "^(\\.\\./(?!resources/)|@pulumi/)", ABOUT_RULES, []),
    layer(
        ["policy/rules/*/**"],
        "^(\\.\\./\\.\\./(?!resources/|\\.\\./components/apisix/version$)|@pulumi/)",
        ABOUT_RULES,
        [],
    ),

    // Limits for size and complexity. These rules support no custom message: split the code by purpose, and name each part.
    {
        files: [...PRODUCT, "policy/**", "ops/**", "sandbox/**"],
        ignores: ["sandbox/test/**"],
        rules: {
            "max-lines-per-function": ["error", { max: 60, skipComments: true, skipBlankLines: true }],
            "max-depth": ["error", 3],
            "max-lines": ["error", 300],
        },
    },

    {
        files: ["test/**", "sandbox/test/**"],
        rules: { "no-restricted-syntax": ["error", NO_APPLY_IN_TESTS, NO_SKIPPED_TESTS] },
    },
);

import js from "@eslint/js";
import tseslint from "typescript-eslint";

// What a machine can check of the house rules, with the reason as the message. Layout is oxfmt's.
// No rule here needs types, so the whole project takes seconds; tsc checks those.

const NOTHING_IN_APPLY = {
    // In the function given to apply(), not in what it is called on: `new Key(…).result.apply(…)` is fine.
    selector:
        "CallExpression[callee.property.name='apply'] > :matches(ArrowFunctionExpression, FunctionExpression) :matches(NewExpression, ThrowStatement)",
    message: "No resources and no throws inside apply(): preview cannot show the one, and the other hangs the run.",
};
const GENERATION_MAY_BE_UNKNOWN = {
    selector: "Property > MemberExpression[object.property.name='metadata'][property.name='generation']",
    message: "A plan holds the run to none where the object is not there yet: use generationOf() of generation.ts.",
};
const NO_CONSOLE = {
    selector: "MemberExpression[object.name='console']",
    message: "Only pulumi.log reaches the operator in order. Use it, or return the text.",
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
    message: "A green run means that every test ran: define the case where it can run, or delete it.",
};

/** Rules of everything that a program run executes. */
const PROGRAM = [NOTHING_IN_APPLY, GENERATION_MAY_BE_UNKNOWN, NO_CONSOLE];

/**
 * Imports point one way: index → stacks → topologies of components/ → its subjects, in the order of SUBJECTS.
 * @param files who may not
 * @param regex what, as written in the import
 * @param message why
 * @param syntax the other syntax rules of these files: the last list for a file wins, so each is complete
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

const ABOUT_PREFLIGHT = "Preflight knows components and dns only: settings come in as arguments.";
const ABOUT_RULES =
    "Rules check the resulting resources, independent of the program, and also run without a policy pack.";
const FROM_BELOW = "Components know nothing above them: what they need comes in as arguments.";

/** What a run of Pulumi executes. */
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
    "opt",
];

/** Imports from a subject that point up: to a higher one, to a topology, or out of components/. */
function aboveSubject(higher) {
    const folders = ["config", "dns", "preflight", "stacks", "ops", "policy", "sandbox", "bench", "client", "test"];
    const topologies = ["[\\w-]+-cluster", "cloudflare-access", "gateway-callers", "conversion"];
    return `^(?:\\.\\./)+(?:${[...higher, ...folders, ...topologies].join("|")})(?:/|$)`;
}

export default tseslint.config(
    { ignores: ["node_modules/", ".sandbox/", "client/typescript/dist/"] },
    js.configs.recommended,
    tseslint.configs.recommended,
    {
        rules: {
            "no-undef": "off", // tsc knows better which names exist
            "@typescript-eslint/no-unused-vars": [
                "error",
                { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
            ],
        },
    },
    { files: ["**/*.js", "**/*.cjs"], rules: { "@typescript-eslint/no-require-imports": "off" } },
    // Emulators treat control bytes as the real programs do.
    { files: ["sandbox/**"], rules: { "no-control-regex": "off" } },
    // Recordings and other programs' answers have no types of ours.
    { files: ["test/**", "sandbox/test/**"], rules: { "@typescript-eslint/no-explicit-any": "off" } },

    layer(
        ["index.ts", "options.ts"],
        "^\\./(ops|sandbox|bench|client|policy|test)(/|$)",
        "The program knows nothing of the tools around it.",
    ),
    layer(
        ["config/**"],
        "^(?:\\.\\./)+(index|stacks|preflight|ops|sandbox|bench|client|policy|test)(/|$)",
        "Config knows the shapes of components, and nothing of those who read it.",
    ),
    layer(["stacks/**"], "^\\.\\./(?!components/)", "Stacks know components only: settings come in as arguments."),
    layer(["preflight/*.ts"], "^\\.\\./(?!components/|dns/|config/problem-list$)", ABOUT_PREFLIGHT),
    layer(["preflight/*/**"], "^\\.\\./\\.\\./(?!components/|dns/|config/problem-list$)", ABOUT_PREFLIGHT),
    // Used by the program, the command line and the sandbox.
    layer(
        ["dns/**"],
        "^\\.\\./(?!components/cloudflare/dns-record$)",
        "What looks at name servers knows the shape of a record, and nothing of those who ask.",
    ),
    layer(["components/*.ts"], "^\\.\\./", FROM_BELOW),
    ...SUBJECTS.map((subject, at) =>
        layer([`components/${subject}/**`], aboveSubject(SUBJECTS.slice(at + 1)), FROM_BELOW),
    ),
    // Stored as text and run in a process of its own: the Pulumi SDK is not there, what it prints is what is shown.
    layer(["components/kubernetes/until-settled.ts"], aboveSubject(SUBJECTS.slice(1)), FROM_BELOW, [NOTHING_IN_APPLY]),
    layer(
        ["components/etcd/prepared-provider.ts"],
        aboveSubject(SUBJECTS.slice(SUBJECTS.indexOf("etcd") + 1)),
        FROM_BELOW,
        [NOTHING_IN_APPLY],
    ),
    layer(
        ["ops/**"],
        "^\\.\\.?/(?:\\.\\./)*(index|stacks|preflight|sandbox|bench|policy(?!/rules(/|$))|test)(/|$)",
        "The command line reads config and runs Pulumi: it knows no stack from inside, and no sandbox. Of the policy pack it has the rules.",
        [],
    ),
    layer(
        ["policy/**"],
        "^\\.\\./",
        "The policy pack checks the resulting resources and knows nothing of the program.",
        [],
    ),
    layer(["policy/rules/*.ts"], "^(\\.\\./|@pulumi/)", ABOUT_RULES, []),
    layer(["policy/rules/*/**"], "^(\\.\\./\\.\\./(?!\\.\\./components/apisix/version$)|@pulumi/)", ABOUT_RULES, []),
    layer(
        ["policy/rules/rendered/**"],
        "^(\\.\\./(?!\\.\\.)(?!resource$|rule$|kubernetes/objects$)|\\.\\./\\.\\./(?!\\.\\./(components/|config/keys/|config/values$))|@pulumi/)",
        "What is compared with what comes out is rendered by the components, with settings that the schema takes.",
        [],
    ),
    layer(
        ["client/typescript/**"],
        "^\\.\\./",
        "A package of its own: its callers have nothing else of this repository.",
        [],
    ),

    // What a reader has to hold in mind at once. These rules take no message of ours: split by what a part does, and name it.
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

// The spec reporter, with a last line of counts, so that the end of a log shows at once what ran. A process of side-by-side.ts
// sends mocha's list of failures to its parent, which prints all of them below the jobs.
const { format } = require("node:util");
const { reporters } = require("mocha");

/**
 * This many failures of a suite are printed in full, the rest only by name: after one failure, other tests of the same stack
 * fail too.
 */
const TOLD = 3;

module.exports = class extends reporters.Spec {
    constructor(runner, options) {
        super(runner, options);
        // Failed hooks are reported only here: mocha runs no afterEach for them.
        runner.on("fail", () => process.emit("test failed"));
        runner.once("end", () => {
            const { passes, failures } = runner.stats;
            if (!process.send) process.on("exit", () => process.stdout.write(`${passes} passed, ${failures} failed\n`));
        });
    }

    epilogue() {
        // In a process of side-by-side.ts the output is the job's log, which has all failures.
        if (process.send) super.epilogue();
        const named = this.leaveToldOnes();
        if (!process.send) {
            super.epilogue();
            return process.stdout.write(named);
        }
        const { Base } = reporters;
        const print = Base.consoleLog;
        let said = "";
        Base.consoleLog = (...parts) => (said += `${format(...parts)}\n`);
        Base.list(this.failures);
        Base.consoleLog = print;
        const { passes: passed, failures: failed } = this.stats;
        process.send({ passed, failed, failures: failed > 0 ? said + named : "" });
    }

    /** Keeps the first failures of each suite in the list. @returns names of the others, one per line */
    leaveToldOnes() {
        const seen = new Map();
        const isTold = (test) => {
            const [suite] = test.titlePath();
            seen.set(suite, (seen.get(suite) ?? 0) + 1);
            return seen.get(suite) <= TOLD;
        };
        const told = this.failures.filter(isTold);
        const rest = this.failures.filter((test) => !told.includes(test));
        this.failures = told;
        return rest.map((test) => `  and: ${test.fullTitle()}\n`).join("");
    }
};

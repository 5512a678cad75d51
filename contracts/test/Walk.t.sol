// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./support/Vm.sol";
import {Walk} from "./support/Walk.sol";

/// @dev What the tests below ask of a walk.
interface IWalk {
    function act(uint256 seed) external;
    function some(uint256 part) external;
    function books() external view;
    function home() external;
    function visits(uint256 what) external view returns (uint256);
}

/// @dev A walk as a contract of its own: called by forge's invariant runs with whatever seeds it likes, and by the tests below. The only contract that holds the walk's code: it takes the compiler long.
contract WalkHandler is Walk, IWalk {
    constructor() {
        setUpWalk();
    }

    function act(uint256 seed) external {
        step(seed);
    }

    function some(uint256 part) external {
        for (uint256 i = 0; i < 12; i++) step(uint256(keccak256(abi.encode("walk", part, i))));
    }

    function books() external view {
        conserved(open);
    }

    function home() external {
        driveHome();
    }

    function visits(uint256 what) external view returns (uint256) {
        return seen[what];
    }
}

/// @dev Makes walks by name: `new` would compile them into every test again.
abstract contract Walking {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function walk() internal returns (IWalk made) {
        bytes memory code = vm.getCode("Walk.t.sol:WalkHandler");
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
        }
        require(address(made) != address(0), "walk");
    }
}

/// @dev Invariants over guided walks. Every step checks conservation, tokens held, and that nobody is paid without a quorum; every walk ends with nobody moving any more.
contract WalkTest is Walking {
    IWalk private handler;

    function setUp() public {
        handler = walk();
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory list_) {
        list_ = new FuzzSelector[](1);
        bytes4[] memory s = new bytes4[](1);
        s[0] = IWalk.act.selector;
        list_[0] = FuzzSelector(address(handler), s);
    }

    function targetContracts() public view returns (address[] memory list_) {
        list_ = new address[](1);
        list_[0] = address(handler);
    }

    function invariant_books_balance() public view {
        handler.books();
    }

    function afterInvariant() public {
        handler.home();
    }

    function testFuzz_every_job_ends_and_frees_what_was_bound(uint256 seed) public {
        for (uint256 i = 0; i < 50; i++) handler.act(uint256(keccak256(abi.encode(seed, i))));
        handler.home();
    }
}

/// @dev One long walk, whose table of visited states stands in the output.
contract WalkCoverageTest is Walking {
    IWalk private handler;

    string[12] private outcomes =
        ["open", "succeeded", "failed by executors", "no executors", "not admitted", "no result", "key denied", "disagreed", "checker rejected", "review rejected", "cancelled", "unjudged"];
    string[7] private phases = ["drawing", "attesting", "running", "revealing", "audit draw", "judging", "closed"];
    string[4] private kinds = ["primary", "redraw", "dispute", "audit"];
    string[11] private statuses = ["drawn", "evidenced", "admitted", "committed", "revealed", "failed", "no evidence", "refused", "no result", "no reveal", "void"];

    function setUp() public {
        handler = walk();
    }

    function seen(uint256 what) private view returns (uint256) {
        return handler.visits(what);
    }

    function log(string memory text) private view {
        (bool done,) = address(0x000000000000000000636F6e736F6c652e6c6f67).staticcall(abi.encodeWithSignature("log(string)", text));
        done;
    }

    function row(string memory what, string memory name, uint256 at, bool must) private view {
        log(string.concat("| ", what, " | ", name, " | ", vm.toString(seen(at)), " |"));
        require(!must || seen(at) > 0, string.concat("never visited: ", what, " ", name));
    }

    function visited() private view returns (bool) {
        for (uint256 i = 0; i < 7; i++) if (seen(i) == 0) return false;
        for (uint256 i = 0; i < 4; i++) if (seen(32 + i) == 0) return false;
        for (uint256 i = 0; i < 11; i++) if (seen(48 + i) == 0) return false;
        for (uint256 i = 1; i < 12; i++) if (seen(16 + i) == 0) return false;
        return true;
    }

    /// @dev A walk until everything was visited, at most 3,600 steps, with a table of what it visited; it must meet every phase, every kind of round (redraw, dispute, audit among them) and every state of a seat.
    /// `SOJOURN_LONG=contracts-walk` walks eight times as far and must meet every outcome besides.
    function test_a_walk_and_what_it_visits() public {
        bool isLong = keccak256(bytes(vm.envOr("SOJOURN_LONG", string("")))) == keccak256("contracts-walk");
        uint256 parts = isLong ? 2400 : 300;
        for (uint256 i = 0; i < parts && (isLong || i < 24 || !visited()); i++) handler.some(i);
        handler.home();
        for (uint256 i = 0; i < 7; i++) row("phase", phases[i], i, true);
        for (uint256 i = 0; i < 4; i++) row("round", kinds[i], 32 + i, true);
        for (uint256 i = 0; i < 11; i++) row("seat", statuses[i], 48 + i, true);
        for (uint256 i = 1; i < 12; i++) row("outcome", outcomes[i], 16 + i, isLong);
        uint256 lines = 0;
        for (uint256 i = 1; i < 80; i++) if (seen(64 + i) > 0) lines++;
        uint256 refusals = 0;
        for (uint256 i = 1; i < 64; i++) if (seen(192 + i) > 0) refusals++;
        for (uint256 i = 64; i < 128; i++) if (seen(192 + i) > 0) refusals++;
        log(string.concat("| different lines | | ", vm.toString(lines), " |"));
        log(string.concat("| different refusals | | ", vm.toString(refusals), " |"));
    }
}

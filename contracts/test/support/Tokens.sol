// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISojournLedger} from "../../src/ISojournLedger.sol";

/// @dev A token that behaves, or not, as it is told.
contract TrickToken {
    enum Trick {
        None,
        Fee,
        ReturnFalse,
        ReturnNothing,
        Reenter,
        Block,
        Lie
    }

    mapping(address => uint256) public balanceOf;
    Trick public trick;
    ISojournLedger public ledger;
    bytes public again;
    bool public reentered;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function become(Trick t, ISojournLedger l, bytes calldata input) external {
        (trick, ledger, again) = (t, l, input);
    }

    function allowance(address, address) external pure returns (uint256) {
        return type(uint256).max;
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        require(trick != Trick.Block, "blocked");
        if (trick == Trick.ReturnFalse) return false;
        if (trick == Trick.Lie) return true;
        balanceOf[from] -= amount;
        balanceOf[to] += trick == Trick.Fee ? amount - amount / 100 : amount;
        if (trick == Trick.Reenter) {
            (bool done, bytes memory why) = address(ledger).call(again);
            if (!done) {
                assembly ("memory-safe") {
                    revert(add(why, 32), mload(why))
                }
            }
            reentered = true;
        }
        if (trick == Trick.ReturnNothing) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return true;
    }
}

/// @dev Takes no coin, or tries to come in again when it gets some.
contract TrickReceiver {
    ISojournLedger private immutable LEDGER;
    bool public greedy;

    constructor(ISojournLedger l) {
        LEDGER = l;
    }

    function become(bool g) external {
        greedy = g;
    }

    function withdraw(uint64 amount) external {
        LEDGER.withdraw(amount, 0);
    }

    receive() external payable {
        require(greedy, "no");
        LEDGER.withdraw(1, 0);
    }
}

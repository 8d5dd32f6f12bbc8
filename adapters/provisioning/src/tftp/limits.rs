//! What clients of TFTP may use, and who they are. Each limit has a counter of what it refused.

use std::time::Duration;

use domain::settings::Network;
use protocols::tftp::TransferSettings;

/// What clients of TFTP may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TftpLimits {
    /// Networks whose requests are answered; all others meet silence.
    pub allowed_networks: Vec<Network>,
    /// Transfers at once.
    pub transfers_max: usize,
    /// Transfers at once of one source: an IPv4 address, or the first 64 bits of an IPv6 one.
    pub transfers_per_source_max: usize,
    /// Requests a second of one source; for a moment twice as many.
    pub requests_per_second_per_source: u32,
    /// The largest block that is agreed to: one that fits an Ethernet frame arrives whole or not at all.
    pub block_bytes_max: u16,
    /// How long the first answer to a block is waited for, where the client asks for nothing else.
    pub timeout: Duration,
    /// How often a block is sent before the client counts as gone.
    pub tries_max: u8,
}

impl Default for TftpLimits {
    fn default() -> Self {
        let transfer = TransferSettings::default();
        Self {
            allowed_networks: Vec::new(),
            transfers_max: 1_000,
            transfers_per_source_max: 16,
            requests_per_second_per_source: 20,
            block_bytes_max: transfer.block_bytes_max,
            timeout: transfer.timeout,
            tries_max: transfer.tries_max,
        }
    }
}

impl TftpLimits {
    pub(super) fn transfer_settings(&self) -> TransferSettings {
        TransferSettings {
            block_bytes_max: self.block_bytes_max,
            timeout: self.timeout,
            tries_max: self.tries_max,
            ..TransferSettings::default()
        }
    }
}

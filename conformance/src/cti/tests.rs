//! The whole CTI server over sockets.

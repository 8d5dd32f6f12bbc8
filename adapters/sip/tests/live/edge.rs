//! Phones that reach the gateway by a Kamailio at the edge: it is in their Path, and the way back.

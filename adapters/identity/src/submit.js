// Sends the one form of this page on; whoever has no scripts presses its button.
document.forms[0].submit();

"""What a camera, a file or a program did to a picture: it was enlarged, is noisy, or has few colours."""
